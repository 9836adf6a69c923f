//! What goes back when all is well.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use invoiceapp_journal::port::Committed;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::query::CONSISTENCY_TOKEN;

/// Set when the answer is that of an earlier request with the same key.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A command's answer: the whole resource, its version, and the position to wait for.
#[derive(Debug, Clone)]
pub struct CommandAnswer<T> {
    status: StatusCode,
    location: Option<String>,
    body: Option<T>,
    version: u64,
    position: u64,
    replayed: bool,
}

impl<T: Serialize> CommandAnswer<T> {
    /// 200 with the resource.
    #[must_use]
    pub fn ok(body: T, committed: &Committed) -> Self {
        Self::new(StatusCode::OK, Some(body), committed)
    }

    /// 201 with the resource and where it is (`/api/v1/…`).
    #[must_use]
    pub fn created(location: String, body: T, committed: &Committed) -> Self {
        let answer = Self::new(StatusCode::CREATED, Some(body), committed);
        Self {
            location: Some(location),
            ..answer
        }
    }

    /// 202 with the resource: the rest happens later.
    #[must_use]
    pub fn accepted(body: T, committed: &Committed) -> Self {
        Self::new(StatusCode::ACCEPTED, Some(body), committed)
    }

    fn new(status: StatusCode, body: Option<T>, committed: &Committed) -> Self {
        Self {
            status,
            location: None,
            body,
            version: committed.version,
            position: committed.position,
            replayed: committed.replayed,
        }
    }
}

impl CommandAnswer<()> {
    /// 204.
    #[must_use]
    pub fn no_content(committed: &Committed) -> Self {
        Self::new(StatusCode::NO_CONTENT, None, committed)
    }
}

impl<T: Serialize> IntoResponse for CommandAnswer<T> {
    fn into_response(self) -> Response {
        let mut response = match &self.body {
            Some(body) => json_response(self.status, body),
            None => self.status.into_response(),
        };
        let headers = response.headers_mut();
        insert_etag(headers, self.version);
        headers.insert(CONSISTENCY_TOKEN, HeaderValue::from(self.position));
        if self.replayed {
            headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        }
        let location = self.location.map(HeaderValue::try_from);
        if let Some(Ok(location)) = location {
            headers.insert(header::LOCATION, location);
        }
        response
    }
}

/// A document's answer.
#[derive(Debug, Clone)]
pub struct QueryAnswer<T> {
    body: T,
    version: Option<u64>,
}

impl<T: Serialize> QueryAnswer<T> {
    /// 200 with a document of that version.
    #[must_use]
    pub const fn document(body: T, version: u64) -> Self {
        Self {
            body,
            version: Some(version),
        }
    }

    /// 200 with something that has no version.
    #[must_use]
    pub const fn plain(body: T) -> Self {
        Self {
            body,
            version: None,
        }
    }
}

impl<T: Serialize> IntoResponse for QueryAnswer<T> {
    fn into_response(self) -> Response {
        let mut response = json_response(StatusCode::OK, &self.body);
        if let Some(version) = self.version {
            insert_etag(response.headers_mut(), version);
        }
        response
    }
}

/// One page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ListPage<T> {
    /// The entries.
    pub data: Vec<T>,
    /// The `cursor` of the next page; `null` after the last.
    pub next_cursor: Option<String>,
    /// How many entries match, with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

impl<T: Serialize> ListPage<T> {
    /// A page, with the cursor of the next one when more follow.
    #[must_use]
    pub const fn new(data: Vec<T>, next_cursor: Option<String>, total: Option<u64>) -> Self {
        Self {
            data,
            next_cursor,
            total,
        }
    }
}

impl<T: Serialize> IntoResponse for ListPage<T> {
    fn into_response(self) -> Response {
        json_response(StatusCode::OK, &self)
    }
}

/// `ETag: "<version>"`.
pub fn insert_etag(headers: &mut HeaderMap, version: u64) {
    if let Ok(tag) = HeaderValue::try_from(format!("\"{version}\"")) {
        headers.insert(header::ETAG, tag);
    }
}

fn json_response<T: Serialize>(status: StatusCode, body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        }
        Err(error) => Problem::internal(&error).into_response(),
    }
}
