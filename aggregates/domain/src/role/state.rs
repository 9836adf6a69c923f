//! What a role is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::command::RoleCommand;
use super::decide::decide;
use super::event::RoleEvent;
use super::refusal::RoleRefusal;
use crate::decider::{Context, Decider, Decision};
use crate::ids::StreamKind;
use crate::permission::Permission;
use crate::text::{Name, Note, RoleCode};

/// A role; the key of its stream is its code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Before its first event.
    #[default]
    Undefined,
    /// Users can have it.
    Defined(RoleRecord),
    /// It was removed; its code stays used.
    Removed,
}

/// A role that users can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRecord {
    /// The key of its stream.
    pub code: RoleCode,
    /// What people call it.
    pub name: Name,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Note>,
    /// What its holders may do.
    pub permissions: BTreeSet<Permission>,
    /// Whether the system needs it.
    pub system: bool,
}

impl Role {
    /// The role, while users can have it.
    #[must_use]
    pub const fn record(&self) -> Option<&RoleRecord> {
        match self {
            Self::Undefined | Self::Removed => None,
            Self::Defined(record) => Some(record),
        }
    }

    const fn record_mut(&mut self) -> Option<&mut RoleRecord> {
        match self {
            Self::Undefined | Self::Removed => None,
            Self::Defined(record) => Some(record),
        }
    }
}

impl Decider for Role {
    const KIND: StreamKind = StreamKind::Role;
    type Command = RoleCommand;
    type Event = RoleEvent;
    type Refusal = RoleRefusal;

    fn decide(
        &self,
        command: &RoleCommand,
        context: &Context,
    ) -> Result<Decision<RoleEvent>, RoleRefusal> {
        decide(self, command, context)
    }

    fn evolve(&mut self, event: &RoleEvent) {
        match event {
            RoleEvent::RoleDefined {
                code,
                name,
                description,
                system,
            } => {
                *self = Self::Defined(RoleRecord {
                    code: code.clone(),
                    name: name.clone(),
                    description: description.clone(),
                    permissions: BTreeSet::new(),
                    system: *system,
                });
            }
            RoleEvent::RoleRemoved {} => *self = Self::Removed,
            RoleEvent::RoleRenamed { .. }
            | RoleEvent::RoleDescribed { .. }
            | RoleEvent::PermissionsGranted { .. }
            | RoleEvent::PermissionsWithdrawn { .. } => {
                if let Some(record) = self.record_mut() {
                    record.evolve(event);
                }
            }
        }
    }
}

impl RoleRecord {
    fn evolve(&mut self, event: &RoleEvent) {
        match event {
            RoleEvent::RoleRenamed { name } => self.name = name.clone(),
            RoleEvent::RoleDescribed { description } => self.description = description.clone(),
            RoleEvent::PermissionsGranted { permissions } => self.permissions.extend(permissions),
            RoleEvent::PermissionsWithdrawn { permissions } => {
                self.permissions
                    .retain(|permission| !permissions.contains(permission));
            }
            RoleEvent::RoleDefined { .. } | RoleEvent::RoleRemoved {} => {}
        }
    }
}
