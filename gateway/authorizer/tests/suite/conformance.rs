//! The suites on the adapters that need no server, and on PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_authorizer::conformance::{self, Subject, Users};
use invoiceapp_authorizer::staging::{CredentialStaging, PostgresStaging};
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use secrecy::SecretString;
use sqlx::Connection;
use uuid::Uuid;

use crate::fixture::{EMAIL, Installation, PASSWORD};

struct BuiltInUsers(Arc<Installation>);

#[async_trait]
impl Users for BuiltInUsers {
    async fn register(&self, tenant: &TenantId, user: UserId, email: &str) {
        self.0.users.add(tenant, user, email);
    }

    async fn set_password(&self, tenant: &TenantId, user: UserId, password: &str) {
        let set = self.0.issuer.set_password(tenant, user, password.into());
        set.await.unwrap();
    }

    async fn set_enabled(&self, tenant: &TenantId, user: UserId, enabled: bool) {
        self.0.users.set_enabled(tenant, user, enabled);
    }

    async fn foreign_refresh_token(&self) -> String {
        let elsewhere = Installation::with_ada().await;
        elsewhere.login(EMAIL, PASSWORD).await.text("refresh_token")
    }
}

#[tokio::test]
async fn the_built_in_issuer_is_an_identity_provider() {
    let installation = Arc::new(Installation::new().await);
    let subject = Subject {
        authorizer: installation.authorizer.clone(),
        gate: installation.gate.clone(),
        users: Box::new(BuiltInUsers(installation)),
    };
    conformance::all(&subject).await;
}

#[tokio::test]
async fn credentials_are_staged_in_the_identity_store() {
    let installation = Installation::new().await;
    conformance::staging::all(&installation.store, &installation.store.clone()).await;
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL"]
async fn credentials_are_staged_in_postgresql() {
    let database = invoiceapp_parts::unique("staging");
    let url = invoiceapp_parts::postgres_url();
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::query(&format!("CREATE DATABASE {database}"))
        .execute(&mut connection)
        .await
        .unwrap();
    let (server, _) = url.rsplit_once('/').unwrap();
    let own = SecretString::from(format!("{server}/{database}"));
    let (one, other) = tokio::join!(PostgresStaging::open(&own), PostgresStaging::open(&own));
    let (one, other) = (one.unwrap(), other.unwrap());
    conformance::staging::all(&one, &other).await;
    commands_do_not_wait_for_hand_overs(&one).await;
    one.close().await;
    other.close().await;
    sqlx::query(&format!("DROP DATABASE {database} WITH (FORCE)"))
        .execute(&mut connection)
        .await
        .unwrap();
}

/// The provider takes its time with each of them.
async fn commands_do_not_wait_for_hand_overs(staging: &PostgresStaging) {
    let tenant = TenantId::parse("default").unwrap();
    let lock = |number| staging.lock(&tenant, UserId(Uuid::from_u128(number)));
    let _held = (lock(1).await.unwrap(), lock(2).await.unwrap());
    tokio::select! {
        _ = async { tokio::join!(lock(3), lock(4), lock(5)) } => panic!("three more are let in"),
        turn = staging.draw_turn() => assert!(turn.unwrap() > 0),
    }
}
