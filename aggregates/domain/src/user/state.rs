//! What a user is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::command::UserCommand;
use super::decide::decide;
use super::event::UserEvent;
use super::refusal::UserRefusal;
use crate::decider::{Context, Decider, Decision};
use crate::ids::StreamKind;
use crate::party::EmailAddress;
use crate::role::RoleDefinition;
use crate::text::{Name, RoleCode};

/// A user; the key of the stream is the user's id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum User {
    /// Before the first event.
    #[default]
    Unregistered,
    /// A user of the tenant, active or not.
    Registered(UserRecord),
}

/// A registered user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    /// The name at login.
    pub email: EmailAddress,
    /// The given name.
    pub first_name: Name,
    /// The family name.
    pub last_name: Name,
    /// The roles, by code.
    pub roles: BTreeSet<RoleCode>,
    /// Whether the user may come in.
    pub status: UserStatus,
    /// How often the user's rights have changed: a token or a cached permission set of an earlier
    /// epoch is refused.
    pub security_epoch: u64,
}

/// Whether a user may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// Yes.
    Active,
    /// No, and every token is refused.
    Disabled,
}

impl User {
    /// The registered user; `None` before the first event.
    #[must_use]
    pub const fn record(&self) -> Option<&UserRecord> {
        match self {
            Self::Unregistered => None,
            Self::Registered(record) => Some(record),
        }
    }
}

impl UserRecord {
    /// Whether the user counts as an administrator: active, with that role.
    #[must_use]
    pub fn is_active_administrator(&self) -> bool {
        self.status == UserStatus::Active
            && self
                .roles
                .iter()
                .any(|role| role.as_str() == RoleDefinition::ADMINISTRATOR)
    }

    fn evolve(&mut self, event: &UserEvent) {
        match event {
            UserEvent::UserRegistered { .. } => {}
            UserEvent::UserEmailChanged { email } => self.email = email.clone(),
            UserEvent::UserRenamed {
                first_name,
                last_name,
            } => {
                self.first_name = first_name.clone();
                self.last_name = last_name.clone();
            }
            UserEvent::RoleAssigned { role } => {
                self.roles.insert(role.clone());
                self.begin_epoch();
            }
            UserEvent::RoleRevoked { role } => {
                self.roles.remove(role);
                self.begin_epoch();
            }
            UserEvent::UserDisabled {} => {
                self.status = UserStatus::Disabled;
                self.begin_epoch();
            }
            UserEvent::UserEnabled {} => {
                self.status = UserStatus::Active;
                self.begin_epoch();
            }
        }
    }

    const fn begin_epoch(&mut self) {
        self.security_epoch = self.security_epoch.saturating_add(1);
    }
}

impl Decider for User {
    const KIND: StreamKind = StreamKind::User;
    type Command = UserCommand;
    type Event = UserEvent;
    type Refusal = UserRefusal;

    fn decide(
        &self,
        command: &UserCommand,
        _context: &Context,
    ) -> Result<Decision<UserEvent>, UserRefusal> {
        decide(self, command)
    }

    fn evolve(&mut self, event: &UserEvent) {
        if let UserEvent::UserRegistered {
            email,
            first_name,
            last_name,
        } = event
        {
            *self = Self::Registered(UserRecord {
                email: email.clone(),
                first_name: first_name.clone(),
                last_name: last_name.clone(),
                roles: BTreeSet::new(),
                status: UserStatus::Active,
                security_epoch: 0,
            });
        } else if let Self::Registered(record) = self {
            record.evolve(event);
        }
    }
}
