//! What every [`crate::IdentityProvider`] and every [`crate::CredentialStaging`] has to do, as
//! functions that an adapter's tests call. Each case works with users of its own and ends with a
//! panic when the adapter is wrong.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation ends the test"
)]

mod logins;
mod order;
mod sessions;
pub mod staging;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_access::{AccessError, Caller, Gate};
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::authorizer::{Authorizer, LoginAttempt};
use crate::provider::AuthorizerError;
use crate::tokens::IssuedTokens;

/// The users behind a provider: the directory and the permission source, and what the provider
/// knows of them.
#[async_trait]
pub trait Users: Send + Sync {
    /// Makes a user known to directory, permission source and provider, without a password.
    async fn register(&self, tenant: &TenantId, user: UserId, email: &str);

    /// Sets a password, as an administrator does.
    async fn set_password(&self, tenant: &TenantId, user: UserId, password: &str);

    /// Lets a user in or locks them out, everywhere.
    async fn set_enabled(&self, tenant: &TenantId, user: UserId, enabled: bool);

    /// A good refresh token that the same kind of provider issued to somebody else than us: by
    /// another installation, or to another client.
    async fn foreign_refresh_token(&self) -> String;
}

/// What is tested: the use cases over a provider, with the limits of every installation.
pub struct Subject {
    /// The use cases.
    pub authorizer: Arc<Authorizer>,
    /// The gate that believes the provider.
    pub gate: Arc<Gate>,
    /// Its users.
    pub users: Box<dyn Users>,
}

/// Runs everything.
pub async fn all(subject: &Subject) {
    logins::all(subject).await;
    sessions::all(subject).await;
}

const PASSWORD: &str = "correct horse battery";

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).expect("a tenant id")
}

/// A user of a case: of its own name, address and network address, so that no case meets another's
/// limits.
struct Person {
    tenant: TenantId,
    user: UserId,
    email: String,
    address: IpAddr,
}

impl Person {
    fn new(case: u8) -> Self {
        let name = Uuid::new_v5(&Uuid::NAMESPACE_OID, &[case]);
        Self {
            tenant: tenant("default"),
            user: UserId(name),
            email: format!("person{case}@example.com"),
            address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, case)),
        }
    }

    /// The same address in another tenant.
    fn twin(&self) -> Self {
        Self {
            tenant: tenant("other"),
            user: UserId(Uuid::new_v5(&self.user.0, b"twin")),
            email: self.email.clone(),
            address: self.address,
        }
    }
}

impl Subject {
    /// Somebody who may log in with a password.
    async fn person(&self, case: u8) -> Person {
        let person = Person::new(case);
        self.admit(&person, PASSWORD).await;
        person
    }

    async fn admit(&self, person: &Person, password: &str) {
        let (tenant, user) = (&person.tenant, person.user);
        self.users.register(tenant, user, &person.email).await;
        self.users.set_password(tenant, user, password).await;
    }

    async fn log_in(
        &self,
        person: &Person,
        password: &str,
    ) -> Result<IssuedTokens, AuthorizerError> {
        self.try_in(&person.email, password, None, person.address)
            .await
    }

    async fn try_in(
        &self,
        username: &str,
        password: &str,
        tenant: Option<&str>,
        address: IpAddr,
    ) -> Result<IssuedTokens, AuthorizerError> {
        let attempt = LoginAttempt {
            username: username.into(),
            password: password.into(),
            tenant: tenant.map(str::to_owned),
            address,
        };
        self.authorizer.login(attempt).await
    }

    async fn tokens(&self, person: &Person) -> IssuedTokens {
        self.log_in(person, PASSWORD).await.expect("logs in")
    }

    async fn caller(&self, tokens: &IssuedTokens) -> Result<Caller, AccessError> {
        self.gate
            .authenticate(tokens.access_token.expose_secret())
            .await
    }

    async fn refresh(&self, token: &SecretString) -> Result<IssuedTokens, AuthorizerError> {
        self.authorizer.refresh(token).await
    }
}

fn assert_refused(outcome: Result<IssuedTokens, AuthorizerError>, what: &str) {
    match outcome {
        Err(AuthorizerError::Unauthenticated) => {}
        Err(error) => panic!("{what}: {error:?}"),
        Ok(_) => panic!("{what}: let in"),
    }
}
