//! The gate: from a bearer token to a caller with rights.

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use thiserror::Error;

use crate::caller::{AccessError, Caller, Grants, Principal};
use crate::claims::SessionId;
use crate::verifier::TokenVerifier;

/// What an API key begins with. None are issued yet, so one is never a valid credential.
pub const API_KEY_PREFIX: &str = "iak_";

/// Where a user's present rights come from: the read model, or a cache of it that is at most 30 s
/// old. Implementations fail closed.
#[async_trait]
pub trait PermissionSource: Send + Sync + std::fmt::Debug + 'static {
    /// The user's rights; `None` when the user is unknown in the tenant or disabled.
    ///
    /// # Errors
    /// [`SourceUnavailable`] when it cannot be known at the moment.
    async fn grants(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<Grants>, SourceUnavailable>;
}

/// The permissions cannot be looked up at the moment.
#[derive(Debug, Error)]
#[error("permissions cannot be looked up")]
pub struct SourceUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Which logins have been ended before their access tokens expire. Asked for every request, so it
/// answers from memory.
pub trait EndedSessions: Send + Sync + std::fmt::Debug + 'static {
    /// Whether the session has been ended.
    fn is_ended(&self, session: &SessionId) -> bool;
}

/// The check in front of every service. Cheap to share: put it in an [`Arc`].
#[derive(Debug)]
pub struct Gate {
    verifier: TokenVerifier,
    permissions: Arc<dyn PermissionSource>,
    ended_sessions: Option<Arc<dyn EndedSessions>>,
}

impl Gate {
    /// A gate that believes this verifier about who calls, and this source about what they may do.
    #[must_use]
    pub fn new(verifier: TokenVerifier, permissions: Arc<dyn PermissionSource>) -> Self {
        Self {
            verifier,
            permissions,
            ended_sessions: None,
        }
    }

    /// The same gate, refusing also the tokens of ended sessions.
    #[must_use]
    pub fn with_ended_sessions(mut self, ended_sessions: Arc<dyn EndedSessions>) -> Self {
        self.ended_sessions = Some(ended_sessions);
        self
    }

    /// Who calls with this credential: the text after `Bearer `.
    ///
    /// # Errors
    /// [`AccessError::Unauthenticated`] or [`AccessError::TokenExpired`] for a credential that does
    /// not count, also when its user is unknown or disabled; [`AccessError::Unavailable`] when keys
    /// or permissions cannot be looked up.
    pub async fn authenticate(&self, bearer: &str) -> Result<Caller, AccessError> {
        if bearer.starts_with(API_KEY_PREFIX) {
            return Err(AccessError::Unauthenticated);
        }
        let principal = self.verifier.verify(bearer).await.map_err(|refusal| {
            tracing::debug!(%refusal, "access token refused");
            AccessError::from(refusal)
        })?;
        if self.has_ended(&principal) {
            return Err(AccessError::Unauthenticated);
        }
        let grants = self
            .permissions
            .grants(&principal.tenant, principal.user)
            .await
            .map_err(|error| {
                tracing::warn!(cause = %error.0, "{error}");
                AccessError::Unavailable
            })?
            .ok_or(AccessError::Unauthenticated)?;
        Ok(Caller { principal, grants })
    }

    fn has_ended(&self, principal: &Principal) -> bool {
        match (&self.ended_sessions, &principal.session) {
            (Some(ended_sessions), Some(session)) => ended_sessions.is_ended(session),
            _ => false,
        }
    }
}
