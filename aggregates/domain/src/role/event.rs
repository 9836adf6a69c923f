//! What happened to a role.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::decider::EventPayload;
use crate::permission::Permission;
use crate::text::{Name, Note, RoleCode};

/// An event of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoleEvent {
    /// The role exists from now on, with the permissions that the same command grants.
    RoleDefined {
        /// The key of its stream.
        code: RoleCode,
        /// What people call it.
        name: Name,
        /// What it is for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Note>,
        /// Whether the system needs it.
        system: bool,
    },
    /// People call it something else.
    RoleRenamed {
        /// The new name.
        name: Name,
    },
    /// It is described otherwise, or no longer.
    RoleDescribed {
        /// The new description.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Note>,
    },
    /// Its holders may do more.
    PermissionsGranted {
        /// What they could not do before.
        permissions: BTreeSet<Permission>,
    },
    /// Its holders may do less.
    PermissionsWithdrawn {
        /// What they cannot do any more.
        permissions: BTreeSet<Permission>,
    },
    /// Nobody has its permissions any more.
    RoleRemoved {},
}

impl EventPayload for RoleEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::RoleDefined { .. } => "RoleDefined",
            Self::RoleRenamed { .. } => "RoleRenamed",
            Self::RoleDescribed { .. } => "RoleDescribed",
            Self::PermissionsGranted { .. } => "PermissionsGranted",
            Self::PermissionsWithdrawn { .. } => "PermissionsWithdrawn",
            Self::RoleRemoved {} => "RoleRemoved",
        }
    }
}
