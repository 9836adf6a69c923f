//! Users: who they are and which roles they have. Passwords never come here: an event is for ever.

mod command;
mod decide;
mod event;
mod refusal;
mod state;

pub use command::{ProfileChange, Registration, UserCommand};
pub use decide::ROLES_MAX;
pub use event::UserEvent;
pub use refusal::UserRefusal;
pub use state::{User, UserRecord, UserStatus};
