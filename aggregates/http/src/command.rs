//! What a command's request carries beside its body: who asks, the version it stands on, and the
//! key under which it happens once.

use std::future::Future;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use invoiceapp_access::Caller;
use invoiceapp_domain::{Actor, Permission, TenantId};
use invoiceapp_journal::execute::ExpectedVersion;
use invoiceapp_schemas::{CommandId, CommandStamp, Metadata};
use sha2::{Digest, Sha256};
use tracing::Instrument;
use uuid::Uuid;

use crate::caller::Authenticated;
use crate::code::Code;
use crate::entity_tags::{ENTITY_TAGS_MAX, EntityTags};
use crate::json::BodyDigest;
use crate::problem::{FieldError, Problem};
use crate::shell::SharedParts;
use crate::trace::{TraceContext, from_headers};

/// The header that makes a command happen once.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest idempotency key, in bytes.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

const COMMAND_ID_DOMAIN: &[u8] = b"invoiceapp command id 1";
const FINGERPRINT_DOMAIN: &[u8] = b"invoiceapp command fingerprint 1";

/// A command's request without its body. As an argument of a handler it answers 401 without a
/// valid token and 400 for headers or parameters that mean nothing.
#[derive(Debug, Clone)]
pub struct CommandRequest {
    /// Who asks.
    pub caller: Authenticated,
    /// The versions that `If-Match` names.
    pub expected_version: ExpectedVersion,
    /// Ties together everything that this request sets in motion.
    pub correlation_id: Uuid,
    /// W3C trace context of this request.
    pub traceparent: String,
    method: String,
    path: String,
    idempotency_key: Option<String>,
    fresh_id: Uuid,
}

impl CommandRequest {
    /// Goes on only with the permission.
    ///
    /// # Errors
    /// 403 that names the permission.
    pub fn require(&self, permission: Permission) -> Result<(), Problem> {
        self.caller.require(permission)
    }

    /// The tenant of the token.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        self.caller.tenant()
    }

    /// Who the events will say it was.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::User(self.principal_user())
    }

    /// The command's identity. With a key it is the same for ever for tenant, user, method, path
    /// and key; without one it is fresh. The fingerprint covers what was asked.
    #[must_use]
    pub fn stamp(&self, body: BodyDigest) -> CommandStamp {
        let id = match &self.idempotency_key {
            None => self.fresh_id,
            Some(key) => {
                let digest = digest_of(
                    COMMAND_ID_DOMAIN,
                    &[
                        self.tenant().as_str().as_bytes(),
                        self.principal_user().0.as_bytes(),
                        self.method.as_bytes(),
                        self.path.as_bytes(),
                        key.as_bytes(),
                    ],
                );
                let mut bytes = [0; 16];
                bytes
                    .iter_mut()
                    .zip(digest)
                    .for_each(|(to, from)| *to = from);
                uuid::Builder::from_custom_bytes(bytes).into_uuid()
            }
        };
        let asked = [self.method.as_bytes(), self.path.as_bytes(), &body.0];
        CommandStamp {
            id: CommandId(id),
            fingerprint: digest_of(FINGERPRINT_DOMAIN, &asked),
        }
    }

    /// What the journal keeps about the request; claims and number are the journal's to fill in.
    #[must_use]
    pub fn metadata(&self, stamp: CommandStamp) -> Metadata {
        Metadata {
            actor: self.actor(),
            command_id: stamp.id,
            correlation_id: self.correlation_id,
            causation_id: None,
            traceparent: Some(self.traceparent.clone()),
            claims: Vec::new(),
            number: None,
        }
    }

    fn principal_user(&self) -> invoiceapp_domain::ids::UserId {
        let caller: &Caller = &self.caller.0;
        caller.principal.user
    }
}

/// SHA-256 over fields that each carry their length, so that no two lists give the same bytes.
fn digest_of(domain: &[u8], fields: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for field in std::iter::once(&domain).chain(fields) {
        hasher.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(field);
    }
    hasher.finalize().into()
}

impl<S: Send + Sync> FromRequestParts<S> for CommandRequest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Authenticated::from_request_parts(parts, state).await?;
        let shared = SharedParts::of(&parts.extensions)?;
        let trace = parts
            .extensions
            .get::<TraceContext>()
            .copied()
            .unwrap_or_else(|| from_headers(&parts.headers, shared.ambient.as_ref()));
        // A router that is nested has cut its prefix off.
        let uri = parts
            .extensions
            .get::<OriginalUri>()
            .map_or(&parts.uri, |original| &original.0);
        let mut errors = Vec::new();
        if uri.query().is_some_and(|query| !query.is_empty()) {
            let detail = "must be empty: a command takes no query";
            errors.push(FieldError::at("", Code::UnknownField, detail));
        }
        let expected_version = if_match(&parts.headers).unwrap_or_else(|error| {
            errors.push(error);
            ExpectedVersion::Whichever
        });
        let idempotency_key = idempotency_key(&parts.headers).unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        Ok(Self {
            caller,
            expected_version,
            correlation_id: Uuid::from_u128(trace.trace_number()),
            traceparent: trace.traceparent(),
            method: parts.method.to_string(),
            path: uri.path().to_owned(),
            idempotency_key,
            fresh_id: shared.ambient.new_id(),
        })
    }
}

fn single(headers: &HeaderMap, name: &HeaderName) -> Result<Option<HeaderValue>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => Ok(Some(value.clone())),
        (Some(_), Some(_)) => Err(()),
    }
}

/// `If-Match: "7"`, several tags, or `*` (RFC 9110 section 13.1.1).
fn if_match(headers: &HeaderMap) -> Result<ExpectedVersion, FieldError> {
    let tags = EntityTags::of(headers, &header::IF_MATCH).map_err(|_| {
        let detail = format!("must be * or a list of 1 to {ENTITY_TAGS_MAX} ETags, like \"7\"");
        FieldError::header("If-Match", detail)
    })?;
    Ok(tags.map_or(ExpectedVersion::Whichever, |tags| tags.expected_version()))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, FieldError> {
    let invalid = || {
        FieldError::header(
            "Idempotency-Key",
            "must be one key of 1 to 255 visible ASCII characters",
        )
    };
    let Some(value) = single(headers, &IDEMPOTENCY_KEY).map_err(|()| invalid())? else {
        return Ok(None);
    };
    let key = value.to_str().map_err(|_| invalid())?;
    let valid = !key.is_empty()
        && key.len() <= IDEMPOTENCY_KEY_BYTES_MAX
        && key.bytes().all(|byte| byte.is_ascii_graphic());
    if valid {
        Ok(Some(key.to_owned()))
    } else {
        Err(invalid())
    }
}

/// Runs a command apart from its request: a client that hangs up drops the request's future, and
/// must not thereby stop what it asked for in the middle.
///
/// # Errors
/// What the command comes to; 500 when it panicked.
pub async fn detached<T, F>(command: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Problem>> + Send + 'static,
{
    match tokio::spawn(command.in_current_span()).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Problem::internal(&error)),
    }
}
