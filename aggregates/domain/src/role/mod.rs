//! Roles: named lists of permissions. The two system roles are the original system's.

mod command;
mod decide;
mod event;
mod refusal;
mod state;

pub use command::{RoleChange, RoleCommand, RoleDefinition};
pub use event::RoleEvent;
pub use refusal::RoleRefusal;
pub use state::{Role, RoleRecord};
