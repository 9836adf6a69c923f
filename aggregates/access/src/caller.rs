//! Who calls and what they may do.

use std::collections::BTreeSet;

use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Actor, Permission, TenantId};
use jiff::Timestamp;
use thiserror::Error;

use crate::claims::SessionId;

/// Who a verified token speaks for. It is the only place a tenant ever comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The tenant whose data the caller may see.
    pub tenant: TenantId,
    /// The user within the tenant.
    pub user: UserId,
    /// The login session that the token belongs to, when the issuer names one.
    pub session: Option<SessionId>,
    /// The end of the token's life.
    pub expires_at: Timestamp,
}

/// What a user may do, as of the moment it was looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// The effective permissions: the union over the roles.
    pub permissions: BTreeSet<Permission>,
    /// The codes of the roles, in order.
    pub roles: Vec<String>,
}

/// An authenticated caller with their present rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who it is.
    pub principal: Principal,
    /// What they may do.
    pub grants: Grants,
}

impl Caller {
    /// The tenant that every key and query of this caller begins with.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.principal.tenant
    }

    /// The calling user.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.principal.user
    }

    /// The caller as the actor of an event.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        Actor::User(self.principal.user)
    }

    /// Whether the caller has a permission.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.grants.permissions.contains(&permission)
    }

    /// Demands a permission.
    ///
    /// # Errors
    /// [`AccessError::Denied`] naming the permission when the caller does not have it.
    pub fn require(&self, permission: Permission) -> Result<(), AccessError> {
        if self.may(permission) {
            Ok(())
        } else {
            Err(AccessError::Denied { permission })
        }
    }
}

/// Why a request may not go on. No variant says anything about the token's contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AccessError {
    /// No valid credential: no token, a token of somebody else, an unknown or disabled user.
    #[error("no valid credential")]
    Unauthenticated,
    /// The token was good once.
    #[error("the access token has expired")]
    TokenExpired,
    /// The caller is known and lacks a right.
    #[error("permission {permission} is missing")]
    Denied {
        /// What was demanded.
        permission: Permission,
    },
    /// Keys or permissions cannot be looked up at the moment; trying again later may help.
    #[error("credentials cannot be checked at the moment")]
    Unavailable,
}
