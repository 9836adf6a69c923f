//! A role as the API shows it.

use invoiceapp_domain::role::Role;
use invoiceapp_journal::loaded::Loaded;
use serde::Serialize;
use utoipa::ToSchema;

use crate::available::Available;

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Role)]
pub(crate) struct RoleResource {
    /// Its code.
    pub(crate) code: String,
    /// What people call it.
    pub(crate) name: String,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// What its holders may do.
    pub(crate) permissions: Vec<String>,
    /// A system role is read-only.
    pub(crate) system: bool,
    /// How many events it has seen.
    pub(crate) version: u64,
    /// The journal position of the last of them.
    pub(crate) position: u64,
    /// When it was defined, RFC 3339.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// What can be done with it now.
    pub(crate) available_actions: Vec<&'static str>,
}

/// The role, while users can have it.
pub(crate) fn render(loaded: &Loaded<Role>) -> Option<RoleResource> {
    let record = loaded.state.record()?;
    Some(RoleResource {
        code: record.code.to_string(),
        name: record.name.to_string(),
        description: record.description.as_ref().map(ToString::to_string),
        permissions: record.permissions.iter().map(ToString::to_string).collect(),
        system: record.system,
        version: loaded.version,
        position: loaded.position,
        created_at: loaded.created_at.to_string(),
        available_actions: loaded.state.available(),
    })
}
