//! Tells Keycloak about users: who they are, their roles, whether they may come in, and the hashes
//! of their passwords.
//!
//! | module | what |
//! |---|---|
//! | [`reactor`] | the reactor on users' events |
//! | [`sync`] | brings an account in Keycloak to the state of its user, however far they are apart |
//! | [`accounts`] | Keycloak's administration, as far as we need it |
//! | [`hash`] | an Argon2id hash in the words of Keycloak |
//!
//! Every event is answered with the same act: the account is made equal to the user as the journal
//! has them now. So an act may be repeated, a Keycloak that was set up anew fills up by itself as
//! users change, and it does not matter which of several events came first. Keycloak is never asked
//! inside a command, and decides nothing about permissions.

pub mod accounts;
pub mod hash;
pub mod reactor;
pub mod sync;

pub use accounts::{Account, AccountError, KeycloakAccounts, RealmSettings};
pub use hash::{HashNotUsable, KeycloakHash};
pub use reactor::{IdentityParts, IdentityReactor};
pub use sync::{AccountSync, SyncError};
