//! Why a role says no.

use thiserror::Error;

/// A rule that forbade the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RoleRefusal {
    /// There is no such role, or no longer.
    #[error("there is no such role")]
    NotFound,
    /// A role is defined once.
    #[error("the role exists already")]
    RoleExists,
    /// A removed role had the code.
    #[error("the code was used by a role that was removed")]
    CodeUsed,
    /// The system needs the role as it is.
    #[error("a system role cannot be changed")]
    SystemRole,
}

impl RoleRefusal {
    /// The refusal's stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::RoleExists | Self::CodeUsed => "role_code_taken",
            Self::SystemRole => "system_role",
        }
    }
}
