//! The authorizer: the built-in issuer through its router, on a real SQLite file; and what every
//! provider has to do, on the built-in issuer and on Keycloak.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conformance;
mod fixture;
mod keycloak;
mod keys;
mod login;
mod me_and_logout;
mod realm_gate;
mod refresh;
mod store;
mod throttle;
