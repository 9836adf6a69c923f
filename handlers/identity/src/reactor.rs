//! The reactor on users' events.

use async_trait::async_trait;
use invoiceapp_domain::StreamKind;
use invoiceapp_domain::user::UserEvent;
use invoiceapp_runtime::{Job, Lease, NewJob, Outcome, Plan, PlanError, Reactor, event_of};
use invoiceapp_schemas::RecordedEvent;

use crate::accounts::AccountError;
use crate::hash::HashNotUsable;
use crate::sync::{AccountSync, SyncError};

/// The events after which an account in Keycloak may be out of step.
const EVENT_TYPES: [&str; 7] = [
    "UserRegistered",
    "UserEmailChanged",
    "UserRenamed",
    "RoleAssigned",
    "RoleRevoked",
    "UserDisabled",
    "UserEnabled",
];

/// What the reactor works with.
#[derive(Debug, Clone)]
pub struct IdentityParts {
    /// Writes the accounts.
    pub sync: AccountSync,
}

/// Keeps the accounts in Keycloak in step with the users.
#[derive(Debug, Clone)]
pub struct IdentityReactor {
    parts: IdentityParts,
}

impl IdentityReactor {
    /// The reactor's name: checkpoints and jobs are derived from it.
    pub const NAME: &'static str = "identity";

    /// A reactor over its parts.
    #[must_use]
    pub const fn new(parts: IdentityParts) -> Self {
        Self { parts }
    }
}

#[async_trait]
impl Reactor for IdentityReactor {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    /// Every event of a user asks for the same: look at the user, and write the account. The job
    /// carries nothing, since everything about the user is personal data.
    fn plan(&self, event: &RecordedEvent) -> Result<Plan, PlanError> {
        let of_user = event_of::<UserEvent>(event, StreamKind::User, &EVENT_TYPES)?;
        if of_user.is_none() {
            return Ok(Plan::nothing());
        }
        NewJob::of_event(event, event.event_id.to_string(), &()).map(Plan::job)
    }

    async fn act(&self, job: &Job, _lease: &Lease) -> Outcome {
        let sync = &self.parts.sync;
        match sync.bring_up_to_date(&job.source.stream).await {
            Ok(()) => Outcome::Done,
            Err(error) => error.into(),
        }
    }
}

/// What an account out of step means for the job that was to bring it in step.
impl From<SyncError> for Outcome {
    fn from(error: SyncError) -> Self {
        let reason = error.to_string();
        match error {
            SyncError::Load(error) => error.into(),
            SyncError::Account(AccountError::Unavailable(_)) => Self::Unavailable { reason },
            SyncError::Account(AccountError::Conflict) => Self::Retry { reason },
            SyncError::Account(AccountError::Refused { .. })
            | SyncError::NoSuchUser
            | SyncError::Hash(HashNotUsable) => Self::Park { reason },
        }
    }
}
