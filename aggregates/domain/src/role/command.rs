//! What a role is asked.

use std::collections::BTreeSet;

use crate::invalid::InvalidValue;
use crate::patch::Patch;
use crate::permission::Permission;
use crate::text::{Name, Note, RoleCode};

/// A command to a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleCommand {
    /// Defines the role.
    Define(RoleDefinition),
    /// Changes what is named, as one command.
    Change(RoleChange),
    /// Removes the role for ever: nobody has its permissions any more, and its code is not used
    /// again, because users may still name it.
    Remove,
}

/// A role as it is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDefinition {
    /// The key of its stream.
    pub code: RoleCode,
    /// What people call it.
    pub name: Name,
    /// What it is for.
    pub description: Option<Note>,
    /// What its holders may do.
    pub permissions: BTreeSet<Permission>,
    /// Whether the system needs it; only the system itself defines and changes such a role.
    pub system: bool,
}

/// A change of a role; what is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleChange {
    /// Another name.
    pub name: Option<Name>,
    /// Another description.
    pub description: Patch<Note>,
    /// All permissions of the role afterwards.
    pub permissions: Option<BTreeSet<Permission>>,
}

impl RoleDefinition {
    /// The code of the role that may do everything.
    pub const ADMINISTRATOR: &'static str = "administrator";
    /// The code of the role that may read.
    pub const ACCOUNTANT: &'static str = "accountant";

    /// The roles that every tenant starts with: `administrator`, who may do everything, and
    /// `accountant`, who may read what the original system's could.
    ///
    /// # Errors
    /// Never: the texts are constants, and a test parses them.
    pub fn system_roles() -> Result<[Self; 2], InvalidValue> {
        Ok([
            Self::system_role(Self::ADMINISTRATOR, "Administrator", Permission::ALL)?,
            Self::system_role(Self::ACCOUNTANT, "Accountant", Permission::ACCOUNTANT)?,
        ])
    }

    fn system_role(
        code: &str,
        name: &str,
        permissions: &[Permission],
    ) -> Result<Self, InvalidValue> {
        Ok(Self {
            code: RoleCode::parse(code)?,
            name: Name::parse(name)?,
            description: None,
            permissions: permissions.iter().copied().collect(),
            system: true,
        })
    }
}
