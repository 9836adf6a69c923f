//! Where the real parts of the full stack listen, for tests and benches. `./compose/stack up` writes
//! these variables, `./compose/stack test` runs every test with them; a test that wants them is
//! marked `#[ignore = "wants the stack: ..."]`, so that `cargo test` alone says how many there are.

pub mod control;
#[cfg(feature = "keycloak")]
#[expect(clippy::expect_used, reason = "a test without its part must fail")]
pub mod keycloak;

/// A variable that the stack sets.
///
/// # Panics
/// When it is not set: a part that is missing is a failure, never a skip.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "tests learn from the environment where the parts listen"
)]
#[expect(clippy::panic, reason = "a test without its part must fail")]
pub fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set; run the tests with ./compose/stack test"))
}

/// `postgres://user:password@host:port/database`; the user may create databases.
#[must_use]
pub fn postgres_url() -> String {
    variable("STACK_POSTGRES_URL")
}

/// `host:port`.
#[must_use]
pub fn kafka_brokers() -> String {
    variable("STACK_KAFKA_BROKERS")
}

/// Base address of the schema registry's Confluent API.
#[must_use]
pub fn registry_url() -> String {
    variable("STACK_REGISTRY_URL")
}

/// `mongodb://host:port`.
#[must_use]
pub fn mongodb_url() -> String {
    variable("STACK_MONGODB_URL")
}

/// `redis://host:port`.
#[must_use]
pub fn redis_url() -> String {
    variable("STACK_REDIS_URL")
}

/// An S3 server.
#[derive(Debug, Clone)]
pub struct S3 {
    /// Base address.
    pub endpoint: String,
    /// A bucket with object lock.
    pub bucket: String,
    /// Who.
    pub access_key_id: String,
    /// And how we prove it.
    pub secret_access_key: String,
}

/// The object store.
#[must_use]
pub fn s3() -> S3 {
    S3 {
        endpoint: variable("STACK_S3_ENDPOINT"),
        bucket: variable("STACK_S3_BUCKET"),
        access_key_id: variable("STACK_S3_ACCESS_KEY_ID"),
        secret_access_key: variable("STACK_S3_SECRET_ACCESS_KEY"),
    }
}

/// `smtp://host:port`.
#[must_use]
pub fn smtp_url() -> String {
    variable("STACK_SMTP_URL")
}

/// Base address of the inbox's API.
#[must_use]
pub fn mailpit_url() -> String {
    variable("STACK_MAILPIT_URL")
}

/// Base address of Keycloak; the realm is `invoiceapp`.
#[must_use]
pub fn keycloak_url() -> String {
    variable("STACK_KEYCLOAK_URL")
}

/// Who may do everything in Keycloak: for tests that make a realm of their own.
#[derive(Debug, Clone)]
pub struct KeycloakAdministrator {
    /// Who.
    pub username: String,
    /// And the proof.
    pub password: String,
}

/// Keycloak's administrator, in realm `master`.
#[must_use]
pub fn keycloak_administrator() -> KeycloakAdministrator {
    KeycloakAdministrator {
        username: variable("STACK_KEYCLOAK_ADMIN_USERNAME"),
        password: variable("STACK_KEYCLOAK_ADMIN_PASSWORD"),
    }
}

/// The stack's realm under another name, with these secrets of its clients `invoiceapp` and
/// `invoiceapp-admin`: what Keycloak's administration takes to make one.
#[must_use]
pub fn keycloak_realm(name: &str, login_secret: &str, service_secret: &str) -> String {
    include_str!("../../keycloak/realm.json")
        .replacen(
            "\"realm\": \"invoiceapp\"",
            &format!("\"realm\": \"{name}\""),
            1,
        )
        .replace("${STACK_KEYCLOAK_LOGIN_SECRET}", login_secret)
        .replace("${STACK_KEYCLOAK_SERVICE_SECRET}", service_secret)
}

/// A name that no other test uses, of lower-case letters, digits and underscores.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a test's name must differ from run to run"
)]
pub fn unique(prefix: &str) -> String {
    format!("{prefix}_{}", uuid::Uuid::new_v4().simple())
}
