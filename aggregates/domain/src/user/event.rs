//! What happened to a user.

use serde::{Deserialize, Serialize};

use crate::decider::EventPayload;
use crate::party::EmailAddress;
use crate::text::{Name, RoleCode};

/// An event of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserEvent {
    /// The user exists from now on, with the roles that the same command assigns.
    UserRegistered {
        /// The name at login.
        email: EmailAddress,
        /// The given name.
        first_name: Name,
        /// The family name.
        last_name: Name,
    },
    /// The user has another name at login.
    UserEmailChanged {
        /// The new one.
        email: EmailAddress,
    },
    /// The user is called something else.
    UserRenamed {
        /// The given name.
        first_name: Name,
        /// The family name.
        last_name: Name,
    },
    /// The user may do what the role permits.
    RoleAssigned {
        /// Which role.
        role: RoleCode,
    },
    /// The user may no longer do what only that role permitted.
    RoleRevoked {
        /// Which role.
        role: RoleCode,
    },
    /// The user is locked out.
    UserDisabled {},
    /// The user may come in again.
    UserEnabled {},
}

impl EventPayload for UserEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::UserRegistered { .. } => "UserRegistered",
            Self::UserEmailChanged { .. } => "UserEmailChanged",
            Self::UserRenamed { .. } => "UserRenamed",
            Self::RoleAssigned { .. } => "RoleAssigned",
            Self::RoleRevoked { .. } => "RoleRevoked",
            Self::UserDisabled {} => "UserDisabled",
            Self::UserEnabled {} => "UserEnabled",
        }
    }
}
