//! The user view.

use invoiceapp_domain::user::{User, UserStatus};
use invoiceapp_journal::loaded::Loaded;

use crate::document::{FieldValue, Indexed};

/// The normalised e-mail address; the first field, looked up exactly at login.
pub const EMAIL: &str = "email";
/// 1 when the user may come in, 0 when disabled.
pub const ACTIVE: &str = "active";
/// The codes of the roles, each between two spaces, so that one is found by containment.
pub const ROLES: &str = "roles";
/// Everything that `q` looks in, in lower case.
pub const SEARCH: &str = "search";

/// A role's code as [`ROLES`] contains it.
#[must_use]
pub fn role_mark(code: &str) -> String {
    format!(" {code} ")
}

impl Indexed for User {
    const FIELDS: &'static [&'static str] = &[EMAIL, ACTIVE, ROLES, SEARCH];

    fn fields(loaded: &Loaded<Self>) -> Vec<FieldValue> {
        let record = loaded.state.record();
        let roles = record.map(|record| {
            record
                .roles
                .iter()
                .map(|role| role_mark(role.as_str()))
                .collect::<String>()
        });
        let search = record.map(|record| {
            let name = format!("{} {}", record.first_name, record.last_name);
            format!("{}\n{name}", record.email).to_lowercase()
        });
        vec![
            record.map(|record| record.email.normalised()).into(),
            record
                .map(|record| i64::from(record.status == UserStatus::Active))
                .into(),
            roles.into(),
            search.into(),
        ]
    }
}
