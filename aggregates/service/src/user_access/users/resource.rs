//! A user as the API shows it.

use invoiceapp_domain::user::{User, UserStatus};
use invoiceapp_journal::loaded::Loaded;
use serde::Serialize;
use utoipa::ToSchema;

use crate::available::Available;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserResource {
    /// UUIDv7.
    pub(crate) id: String,
    /// The name at login.
    pub(crate) email: String,
    /// The given name.
    pub(crate) first_name: String,
    /// The family name.
    pub(crate) last_name: String,
    /// `active` or `disabled`.
    pub(crate) status: &'static str,
    /// Codes of the roles.
    pub(crate) roles: Vec<String>,
    /// What the roles come to at the moment; not part of a command's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) permissions: Option<Vec<String>>,
    /// How many events it has seen.
    pub(crate) version: u64,
    /// The journal position of the last of them.
    pub(crate) position: u64,
    /// When it was registered, RFC 3339.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When it last changed, RFC 3339.
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
    /// What can be done with it now.
    pub(crate) available_actions: Vec<&'static str>,
}

/// The user, once registered.
pub(crate) fn render(loaded: &Loaded<User>) -> Option<UserResource> {
    let record = loaded.state.record()?;
    Some(UserResource {
        id: loaded.stream.key.clone(),
        email: record.email.to_string(),
        first_name: record.first_name.to_string(),
        last_name: record.last_name.to_string(),
        status: match record.status {
            UserStatus::Active => "active",
            UserStatus::Disabled => "disabled",
        },
        roles: record.roles.iter().map(ToString::to_string).collect(),
        permissions: None,
        version: loaded.version,
        position: loaded.position,
        created_at: loaded.created_at.to_string(),
        updated_at: loaded.updated_at.to_string(),
        available_actions: loaded.state.available(),
    })
}
