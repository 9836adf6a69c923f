//! Why a user's stream says no.

use thiserror::Error;

use super::decide::ROLES_MAX;

/// A rule that forbade the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UserRefusal {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// A user is registered once.
    #[error("the user exists already")]
    UserExists,
    /// The user does not have the role.
    #[error("the user does not have the role")]
    RoleNotAssigned,
    /// More roles than a user may have.
    #[error("a user has at most {ROLES_MAX} roles")]
    TooManyRoles,
    /// Nobody could administer the tenant afterwards.
    #[error("the last administrator can neither be disabled nor lose the role")]
    LastAdministrator,
    /// The user is locked out.
    #[error("the user is disabled already")]
    AlreadyDisabled,
    /// The user is not locked out.
    #[error("the user is active already")]
    AlreadyActive,
}

impl UserRefusal {
    /// The refusal's stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::UserExists => "user_exists",
            Self::RoleNotAssigned => "role_not_assigned",
            Self::TooManyRoles => "too_many_roles",
            Self::LastAdministrator => "last_administrator",
            Self::AlreadyDisabled => "user_disabled",
            Self::AlreadyActive => "user_active",
        }
    }
}
