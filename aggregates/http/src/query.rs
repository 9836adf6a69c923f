//! Query strings: unknown parameters are refused, and every error is named with its parameter.
//!
//! A list's handler takes `List<Filter>`: the paging parameters every list has, and the filter's
//! own. Any other GET takes `Query<T>`, or `NoParameters`.

use std::str::FromStr;
use std::time::Duration;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::{HeaderName, Uri, request::Parts};
use deserr::Deserr;
use invoiceapp_domain::InvalidValue;
use invoiceapp_journal::port::{Journal, JournalError};

use crate::caller::Authenticated;
use crate::code::Code;
use crate::cursor::{Cursor, ListScope, Place};
use crate::json::{BodyErrors, JsonNode, JsonObject, Nothing};
use crate::problem::{FieldError, Problem};

/// Most entries that one page of a list has.
pub const PAGE_LIMIT_MAX: usize = 200;
/// Entries of a page when the client does not say.
pub const PAGE_LIMIT_DEFAULT: usize = 50;
/// Most parameters that a query string may have.
pub const QUERY_PARAMETERS_MAX: usize = 50;
/// How long a query waits for its view to reach the consistency token.
pub const MAX_TOKEN_WAIT: Duration = Duration::from_secs(5);
/// The parameters that every list takes.
const LIMIT: &str = "limit";
const CURSOR: &str = "cursor";
const COUNT: &str = "count";
/// Between two looks at the journal's head.
const HEAD_POLL: Duration = Duration::from_millis(50);
/// The header that carries a journal position.
pub const CONSISTENCY_TOKEN: HeaderName = HeaderName::from_static("consistency-token");

/// The typed query string. `T` derives `Deserr` with `deny_unknown_fields` and has only optional
/// and [`crate::Text`] fields, as every value is text.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

/// A request without query parameters.
#[derive(Debug, Clone, Copy)]
pub struct NoParameters;

/// What a list is asked for; `C` is a place in its order.
#[derive(Debug, Clone)]
pub struct List<T, C = Cursor> {
    /// Which page.
    pub page: Page<C>,
    /// Which entries.
    pub filter: T,
}

/// Which page of a list; `C` is a place in its order, another than [`Cursor`] when the list is not
/// ordered by a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<C = Cursor> {
    /// Entries at most, 1 to [`PAGE_LIMIT_MAX`].
    pub limit: usize,
    /// Where the page before ended; `None` for the first page.
    pub cursor: Option<C>,
    /// Whether the answer has the total.
    pub count: bool,
    /// Which list it is a page of.
    pub scope: ListScope,
}

impl<C: Place> Page<C> {
    /// The cursor of the next page; `last` is where this one ends, when more follow.
    #[must_use]
    pub fn next_cursor(&self, last: Option<C>) -> Option<String> {
        last.map(|last| self.scope.write(&last))
    }
}

/// `true` or `false` in a query string: `#[deserr(default)] preview: Option<Text<Flag>>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flag(pub bool);

impl FromStr for Flag {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "true" => Ok(Self(true)),
            "false" => Ok(Self(false)),
            _ => Err(InvalidValue::new("must be true or false")),
        }
    }
}

/// The consistency token of a query: the answer must know the journal up to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsistencyToken(pub Option<u64>);

impl ConsistencyToken {
    /// Waits until the journal has what the caller has seen, for a query that reads the journal
    /// itself and no view: only a replica that lags, or a token that no answer gave, has to wait.
    ///
    /// # Errors
    /// 503 after [`MAX_TOKEN_WAIT`], or when the journal cannot be read.
    pub async fn reached_by(self, journal: &dyn Journal) -> Result<(), Problem> {
        let Some(wanted) = self.0 else { return Ok(()) };
        let reached = async {
            while journal.head().await?.position < wanted {
                tokio::time::sleep(HEAD_POLL).await;
            }
            Ok(())
        };
        match tokio::time::timeout(MAX_TOKEN_WAIT, reached).await {
            Ok(result) => result.map_err(|error: JournalError| Problem::from(&error)),
            Err(_) => Err(Problem::view_behind()),
        }
    }
}

impl<T: Deserr<BodyErrors>, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let pairs = pairs_of(&parts.uri, &mut errors);
        let value = typed(pairs, &mut errors);
        value
            .filter(|_| errors.is_empty())
            .map(Self)
            .ok_or_else(|| Problem::invalid(errors))
    }
}

impl<S: Sync> FromRequestParts<S> for NoParameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Query::<Nothing>::from_request_parts(parts, state)
            .await
            .map(|_| Self)
    }
}

impl<T, C, S> FromRequestParts<S> for List<T, C>
where
    T: Deserr<BodyErrors>,
    C: Place + Send,
    S: Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Authenticated::from_request_parts(parts, state).await?;
        let mut errors = Vec::new();
        let pairs = pairs_of(&parts.uri, &mut errors);
        let (paging, others): (Vec<_>, Vec<_>) = pairs
            .into_iter()
            .partition(|(name, _)| matches!(name.as_str(), LIMIT | CURSOR | COUNT));
        let mut page = Page {
            limit: PAGE_LIMIT_DEFAULT,
            cursor: None,
            count: false,
            scope: ListScope::of(caller.tenant(), path_of(parts), &others),
        };
        for (name, value) in paging {
            let outcome = match name.as_str() {
                LIMIT => limit_of(&value).map(|limit| page.limit = limit),
                COUNT => value.parse().map(|Flag(count)| page.count = count),
                _ => page
                    .scope
                    .read(&value)
                    .map(|place| page.cursor = Some(place)),
            };
            if let Err(InvalidValue { reason }) = outcome {
                errors.push(FieldError::parameter(name, Code::InvalidValue, reason));
            }
        }
        let filter = typed(others, &mut errors).filter(|_| errors.is_empty());
        filter
            .map(|filter| Self { page, filter })
            .ok_or_else(|| Problem::invalid(errors))
    }
}

/// The whole path: a router that is nested has cut its prefix off.
fn path_of(parts: &Parts) -> &str {
    let original = parts.extensions.get::<OriginalUri>();
    original.map_or(&parts.uri, |original| &original.0).path()
}

fn limit_of(text: &str) -> Result<usize, InvalidValue> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text
        .parse()
        .ok()
        .filter(|limit| (1..=PAGE_LIMIT_MAX).contains(limit));
    limit
        .filter(|_| plain)
        .ok_or_else(|| InvalidValue::new(format!("must be between 1 and {PAGE_LIMIT_MAX}")))
}

/// The parameters in order. A parameter that comes twice has no meaning here.
fn pairs_of(uri: &Uri, errors: &mut Vec<FieldError>) -> Vec<(String, String)> {
    let parsed = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
    let Ok(axum::extract::Query(all)) = parsed else {
        errors.push(FieldError::at(
            "",
            Code::MalformedRequest,
            "must be a query string",
        ));
        return Vec::new();
    };
    if all.len() > QUERY_PARAMETERS_MAX {
        errors.push(FieldError::at(
            "",
            Code::InvalidValue,
            "must have fewer parameters",
        ));
        return Vec::new();
    }
    let mut pairs: Vec<(String, String)> = Vec::with_capacity(all.len());
    for (name, value) in all {
        // What the decoder puts in the place of bytes that are not UTF-8.
        if name.contains('\u{fffd}') || value.contains('\u{fffd}') {
            errors.push(FieldError::parameter(
                name,
                Code::InvalidValue,
                "must be UTF-8",
            ));
            continue;
        }
        if pairs.iter().any(|(known, _)| *known == name) {
            let detail = "must be there only once";
            errors.push(FieldError::parameter(name, Code::InvalidValue, detail));
        } else {
            pairs.push((name, value));
        }
    }
    pairs
}

fn typed<T: Deserr<BodyErrors>>(
    pairs: Vec<(String, String)>,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    let members = pairs
        .into_iter()
        .map(|(name, value)| (name, JsonNode::String(value)));
    let object = JsonNode::Object(JsonObject::of_distinct(members.collect()));
    match deserr::deserialize::<T, _, BodyErrors>(object) {
        Ok(value) => Some(value),
        Err(found) => {
            errors.extend(found.into_vec().into_iter().map(|error| {
                let name = error.pointer.trim_start_matches('/').replace("~1", "/");
                let parameter = Some(name.replace("~0", "~"));
                FieldError {
                    pointer: String::new(),
                    parameter,
                    ..error
                }
            }));
            None
        }
    }
}

impl<S: Sync> FromRequestParts<S> for ConsistencyToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(CONSISTENCY_TOKEN).iter();
        let Some(value) = values.next() else {
            return Ok(Self(None));
        };
        let position = value
            .to_str()
            .ok()
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse().ok())
            .filter(|_| values.next().is_none());
        match position {
            Some(position) => Ok(Self(Some(position))),
            None => Err(Problem::invalid_header(
                "Consistency-Token",
                "must come from an answer",
            )),
        }
    }
}
