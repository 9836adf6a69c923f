//! What a user's stream is asked.

use std::collections::BTreeSet;

use crate::party::EmailAddress;
use crate::text::{Name, RoleCode};

/// A command to a user.
///
/// That a role exists, and that another administrator is there, are facts of other streams: the
/// caller hands them in and guards the versions of the streams that it read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserCommand {
    /// Registers the user, with roles that exist.
    Register(Registration),
    /// Changes what is named, as one command.
    ChangeProfile(ProfileChange),
    /// Gives the user a role that exists. One that the user has already changes nothing.
    AssignRole {
        /// Which role.
        role: RoleCode,
    },
    /// Takes a role away.
    RevokeRole {
        /// Which role.
        role: RoleCode,
        /// Whether another active user is an administrator.
        other_administrator: bool,
    },
    /// Locks the user out; the history stays.
    Disable {
        /// Whether another active user is an administrator.
        other_administrator: bool,
    },
    /// Lets the user in again.
    Enable,
}

/// A user as registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The name at login, unique within the tenant.
    pub email: EmailAddress,
    /// The given name.
    pub first_name: Name,
    /// The family name.
    pub last_name: Name,
    /// The first roles.
    pub roles: BTreeSet<RoleCode>,
}

/// A change of a user's profile; what is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileChange {
    /// Another name at login.
    pub email: Option<EmailAddress>,
    /// Another given name.
    pub first_name: Option<Name>,
    /// Another family name.
    pub last_name: Option<Name>,
}
