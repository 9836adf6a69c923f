//! Why the organisation says no.

use thiserror::Error;

use super::decide::NET_DAYS_MAX;

/// A rule that forbade the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OrganizationRefusal {
    /// There is no such tenant.
    #[error("there is no such tenant")]
    NotFound,
    /// A tenant is created once.
    #[error("the tenant exists already")]
    TenantExists,
    /// A due date further away than anyone means.
    #[error("the days from issue to due date must be from 0 to {NET_DAYS_MAX}")]
    NetDaysOutOfRange,
}

impl OrganizationRefusal {
    /// The refusal's stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::TenantExists => "tenant_exists",
            Self::NetDaysOutOfRange => "invalid_value",
        }
    }

    /// Which field it is about: a JSON pointer (RFC 6901) into the command's body.
    #[must_use]
    pub const fn field(self) -> Option<&'static str> {
        match self {
            Self::NotFound | Self::TenantExists => None,
            Self::NetDaysOutOfRange => Some("/default_net_days"),
        }
    }
}
