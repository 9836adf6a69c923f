//! Users in the journal, accounts in a real Keycloak.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod keycloak;
mod outage;
mod world;
