//! Problem details (RFC 9457): every error answer of every service.
//!
//! A problem says what went wrong in words of the API. It never carries SQL, a path of this
//! machine, a type name, a stack, or a value that the client sent.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use invoiceapp_access::AccessError;
use invoiceapp_domain::Permission;
use invoiceapp_domain::numbering::SERIES_PLACE;
use invoiceapp_journal::port::{AppendError, JournalError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::code::Code;

/// Media type of a problem.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";
/// What a client is asked to wait when a part is down.
pub const RETRY_AFTER_UNAVAILABLE: Duration = Duration::from_secs(1);

/// Longest `instance`, in characters; the rest of a longer path is cut.
const INSTANCE_CHARACTERS_MAX: usize = 1_000;

/// One thing wrong with the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the body; `""` is the whole body.
    pub pointer: String,
    /// Stable code, for programs.
    pub code: &'static str,
    /// For people: what the value must be. It never repeats the value.
    pub detail: String,
    /// The query parameter, where the error is not in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// The header, where the error is not in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<&'static str>,
}

impl FieldError {
    /// An error at a place in the body.
    #[must_use]
    pub fn at(pointer: impl Into<String>, code: Code, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code: code.as_str(),
            detail: detail.into(),
            parameter: None,
            header: None,
        }
    }

    /// An error of a query parameter.
    #[must_use]
    pub fn parameter(name: impl Into<String>, code: Code, detail: impl Into<String>) -> Self {
        Self {
            parameter: Some(name.into()),
            ..Self::at("", code, detail)
        }
    }

    /// An error of a header.
    #[must_use]
    pub fn header(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            header: Some(name),
            ..Self::at("", Code::InvalidValue, detail)
        }
    }
}

/// The body of every error answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Identifies the kind of problem; one per code.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable code, for programs.
    pub code: String,
    /// What happened this time, in a sentence.
    pub detail: String,
    /// The path that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Finds this request in logs and traces (W3C trace id).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Every error of the input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The permission that the caller lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// What the resource allows in its present state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_actions: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    permission: Option<Permission>,
    available_actions: Option<Vec<String>>,
    retry_after: Option<Duration>,
    token_was_sent: bool,
}

/// An error answer. Handlers return it as their `Err`; [`crate::Shell`] adds `instance` and
/// `trace_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(Box<Content>);

impl Problem {
    /// A problem of a kind, with the kind's own sentence.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self(Box::new(Content {
            code,
            detail: Cow::Borrowed(code.detail()),
            errors: Vec::new(),
            permission: None,
            available_actions: None,
            retry_after: (code.status().as_u16() == 503).then_some(RETRY_AFTER_UNAVAILABLE),
            token_was_sent: false,
        }))
    }

    /// The same 404 for a malformed, an unknown and a foreign id.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// 403, naming the permission.
    #[must_use]
    pub fn permission_denied(permission: Permission) -> Self {
        let mut problem = Self::new(Code::PermissionDenied)
            .with_detail(format!("The caller lacks the permission {permission}."));
        problem.0.permission = Some(permission);
        problem
    }

    /// 400 with everything that is wrong; its code is the one of the first error. No errors at all
    /// is a plain malformed request.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let named = |first: &FieldError| Code::ALL.iter().find(|code| code.as_str() == first.code);
        let code = errors
            .first()
            .and_then(named)
            .copied()
            .unwrap_or(Code::MalformedRequest);
        let mut problem = Self::new(code);
        problem.0.errors = errors;
        problem
    }

    /// 400 for a header that cannot be read.
    #[must_use]
    pub fn invalid_header(name: &'static str, detail: &'static str) -> Self {
        Self::invalid(vec![FieldError::header(name, detail)])
    }

    /// 503 because the view has not reached the client's consistency token in time.
    #[must_use]
    pub fn view_behind() -> Self {
        Self::new(Code::ViewBehind)
    }

    /// 429 with the time to wait.
    #[must_use]
    pub fn rate_limited(retry_after: Duration) -> Self {
        Self::new(Code::RateLimited).with_retry_after(retry_after)
    }

    /// 500. The cause belongs in the log, not in the answer; this writes the whole chain of it there.
    #[must_use]
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(error = chain_text(cause), "request failed");
        Self::new(Code::InternalError)
    }

    /// 503 because a part is down. The cause belongs in the log, not in the answer.
    #[must_use]
    pub fn unavailable(cause: &dyn std::error::Error) -> Self {
        tracing::warn!(
            error = chain_text(cause),
            "a part that is needed does not answer"
        );
        Self::new(Code::DependencyUnavailable)
    }

    /// The problem that an append's refusal is. `if_match` says whether the client named a version:
    /// then a conflict is the client's (412), otherwise others kept winning (409).
    #[must_use]
    pub fn from_append(error: &AppendError, if_match: Option<u64>) -> Self {
        match error {
            AppendError::VersionConflict { .. } if if_match.is_some() => {
                Self::new(Code::VersionMismatch)
            }
            AppendError::VersionConflict { .. } => {
                Self::new(Code::Conflict).with_retry_after(RETRY_AFTER_UNAVAILABLE)
            }
            // Somebody has defined a series at the same time.
            AppendError::ClaimTaken { key } if key.kind == SERIES_PLACE => {
                Self::new(Code::Conflict).with_retry_after(RETRY_AFTER_UNAVAILABLE)
            }
            AppendError::ClaimTaken { key } => Self::new(match key.kind.as_str() {
                "sku" => Code::SkuTaken,
                "email" => Code::EmailTaken,
                "number_format" => Code::NumberFormatTaken,
                _ => Code::AlreadyExists,
            }),
            AppendError::CommandReused => Self::new(Code::IdempotencyKeyReused),
            AppendError::SeriesDateBeforeLast { last, .. } => Self::new(Code::IssueDateBeforeLast)
                .with_detail(format!("The last document of the series is dated {last}.")),
            AppendError::TooLarge { .. } => Self::new(Code::BodyTooLarge),
            AppendError::Malformed { .. } => Self::internal(error),
            AppendError::Journal(source) => Self::from(source),
        }
    }

    /// Says what happened this time.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Names one more error of the input.
    #[must_use]
    pub fn with_error(mut self, error: FieldError) -> Self {
        self.0.errors.push(error);
        self
    }

    /// Says what the resource allows instead.
    #[must_use]
    pub fn with_available_actions<A: Into<String>>(
        mut self,
        actions: impl IntoIterator<Item = A>,
    ) -> Self {
        self.0.available_actions = Some(actions.into_iter().map(Into::into).collect());
        self
    }

    /// Says when to come again.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Says in `WWW-Authenticate` that a token came and was not accepted (RFC 6750).
    #[must_use]
    pub(crate) fn for_sent_token(mut self) -> Self {
        self.0.token_was_sent = true;
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Every error of the input.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// The body, for the request it answers.
    #[must_use]
    pub fn body(&self, instance: Option<String>, trace_id: Option<String>) -> ProblemBody {
        let content = &self.0;
        ProblemBody {
            problem_type: format!("urn:invoiceapp:problem:{}", content.code),
            title: content.code.title().to_owned(),
            status: content.code.status().as_u16(),
            code: content.code.to_string(),
            detail: content.detail.to_string(),
            instance: instance.map(|path| path.chars().take(INSTANCE_CHARACTERS_MAX).collect()),
            trace_id,
            errors: content.errors.clone(),
            permission: content.permission.map(|permission| permission.to_string()),
            available_actions: content.available_actions.clone(),
        }
    }

    /// The answer, for the request it answers.
    #[must_use]
    pub fn response(&self, instance: Option<String>, trace_id: Option<String>) -> Response {
        // A struct of strings always has a JSON form; the fallback keeps the function total.
        let json = serde_json::to_vec(&self.body(instance, trace_id)).unwrap_or_default();
        let mut response = Response::new(Body::from(json));
        *response.status_mut() = self.0.code.status();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(PROBLEM_MEDIA_TYPE),
        );
        if let Some(wait) = self.0.retry_after {
            // Rounded up: a client that comes at the promised second must not be early.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if self.0.code.status().as_u16() == 401 {
            let challenge = match (self.0.code, self.0.token_was_sent) {
                (Code::TokenExpired, _) => {
                    r#"Bearer error="invalid_token", error_description="expired""#
                }
                (_, true) => r#"Bearer error="invalid_token""#,
                (_, false) => "Bearer",
            };
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Leaves itself in the response's extensions, so that the shell can add what it knows.
    fn into_response(self) -> Response {
        let mut response = self.response(None, None);
        response.extensions_mut().insert(self);
        response
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Unauthenticated => Self::new(Code::Unauthenticated),
            AccessError::TokenExpired => Self::new(Code::TokenExpired),
            AccessError::Denied { permission } => Self::permission_denied(permission),
            AccessError::Unavailable => Self::new(Code::DependencyUnavailable),
        }
    }
}

impl From<&JournalError> for Problem {
    fn from(error: &JournalError) -> Self {
        match error {
            JournalError::Unavailable { .. } | JournalError::Overloaded => Self::unavailable(error),
            JournalError::Damaged { .. } => {
                tracing::error!(error = chain_text(error), "the journal is damaged");
                Self::new(Code::DependencyUnavailable)
            }
        }
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        Self::from(&error)
    }
}

/// An error with everything that caused it, on one line, for the log.
#[must_use]
pub fn chain_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
