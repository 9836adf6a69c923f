//! Keycloak as the identity provider.

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_access::{
    Gate, JwkSet, KeySet, KeySource, KeySourceUnavailable, RemoteKeys, TokenRefusal, TokenVerifier,
};
use invoiceapp_authorizer::conformance::{self, Subject, Users as ConformanceUsers};
use invoiceapp_authorizer::{
    Authorizer, AuthorizerError, AuthorizerParts, IdentityProvider, KeycloakParts,
    KeycloakProvider, KeycloakSettings, LoginCandidate, LoginLimits,
};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Ambient, TenantId};
use invoiceapp_parts::keycloak::Realm;
use jiff::Timestamp;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::fixture::{Users, tenant, user};

/// The machine's clock: Keycloak's tokens are of now.
#[derive(Debug)]
struct RealTime;

impl Ambient for RealTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server on the other side has no other clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "names that no other run has used"
    )]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

fn settings(realm: &Realm) -> KeycloakSettings {
    KeycloakSettings {
        base_url: realm.url.clone(),
        issuer: realm.issuer(),
        realm: realm.name.clone(),
        audience: "invoiceapp-api".to_owned(),
        client: "invoiceapp".to_owned(),
        client_secret: realm.login_secret.into(),
        service_client: "invoiceapp-admin".to_owned(),
        service_client_secret: realm.service_secret.into(),
    }
}

async fn add(realm: &Realm, tenant: &TenantId, user: UserId, email: &str) {
    let account = json!({
        "username": user, "enabled": true, "email": email,
        "attributes": {"tenant": [tenant], "user_id": [user]},
    });
    realm.in_realm(Method::POST, "/users", Some(account)).await;
}

async fn set_password(realm: &Realm, user: UserId, password: &str) {
    let path = realm.path_of(&user.to_string()).await;
    let body = json!({"type": "password", "value": password, "temporary": false});
    let (reset, logout) = (format!("{path}/reset-password"), format!("{path}/logout"));
    realm.in_realm(Method::PUT, &reset, Some(body)).await;
    realm.in_realm(Method::POST, &logout, None).await;
}

struct World {
    realm: Arc<Realm>,
    users: Arc<Users>,
    keys: Arc<KeySet>,
    provider: Arc<KeycloakProvider>,
    gate: Arc<Gate>,
}

impl World {
    async fn make() -> Self {
        invoiceapp_access::init_crypto();
        let realm = Arc::new(Realm::make().await);
        let users = Arc::new(Users::default());
        let source = RemoteKeys::new(&settings(&realm).keys_url()).unwrap();
        let keys = KeySet::new(Arc::new(source), Arc::new(RealTime));
        // As every process does when it starts.
        keys.refresh().await.unwrap();
        let provider = provider(settings(&realm), &keys, &users);
        let gate = Arc::new(provider.gate());
        Self {
            realm,
            users,
            keys,
            provider,
            gate,
        }
    }

    fn authorizer(&self) -> Arc<Authorizer> {
        Authorizer::new(AuthorizerParts {
            provider: self.provider.clone(),
            directory: self.users.clone(),
            limits: LoginLimits::default(),
            ambient: Arc::new(RealTime),
        })
    }
}

fn provider(
    settings: KeycloakSettings,
    keys: &Arc<KeySet>,
    users: &Arc<Users>,
) -> Arc<KeycloakProvider> {
    KeycloakProvider::new(KeycloakParts {
        settings,
        keys: keys.clone(),
        permissions: users.clone(),
        ambient: Arc::new(RealTime),
    })
    .unwrap()
}

struct KeycloakUsers {
    realm: Arc<Realm>,
    users: Arc<Users>,
}

#[async_trait]
impl ConformanceUsers for KeycloakUsers {
    async fn register(&self, tenant: &TenantId, user: UserId, email: &str) {
        self.users.add(tenant, user, email);
        add(&self.realm, tenant, user, email).await;
    }

    async fn set_password(&self, _: &TenantId, user: UserId, password: &str) {
        set_password(&self.realm, user, password).await;
    }

    async fn set_enabled(&self, tenant: &TenantId, user: UserId, enabled: bool) {
        self.users.set_enabled(tenant, user, enabled);
        let path = self.realm.path_of(&user.to_string()).await;
        let body = json!({ "enabled": enabled });
        self.realm.in_realm(Method::PUT, &path, Some(body)).await;
    }

    async fn foreign_refresh_token(&self) -> String {
        let somebody = UserId(RealTime.new_id());
        let (realm, owner) = (&self.realm, tenant("default"));
        add(realm, &owner, somebody, "somebody@example.com").await;
        set_password(realm, somebody, "a password").await;
        let name = somebody.to_string();
        let tokens = realm.strangers_tokens(&name, "a password").await;
        tokens["refresh_token"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
#[ignore = "wants the stack: Keycloak"]
async fn keycloak_is_an_identity_provider() {
    let world = World::make().await;
    let subject = Subject {
        authorizer: world.authorizer(),
        gate: world.gate.clone(),
        users: Box::new(KeycloakUsers {
            realm: world.realm.clone(),
            users: world.users.clone(),
        }),
    };
    conformance::all(&subject).await;
    world.realm.remove().await;
}

#[tokio::test]
#[ignore = "wants the stack: Keycloak"]
async fn the_realm_gives_what_the_gate_wants_and_nothing_else_counts() {
    let world = World::make().await;
    let (owner, ada) = (tenant("default"), UserId(RealTime.new_id()));
    world.users.add(&owner, ada, "ada@example.com");
    add(&world.realm, &owner, ada, "ada@example.com").await;
    set_password(&world.realm, ada, "a password").await;
    let name = ada.to_string();
    let bearer = |tokens: &Value| tokens["access_token"].as_str().unwrap().to_owned();

    let ours = world.realm.tokens(&name, "a password").await;
    let caller = world.gate.authenticate(&bearer(&ours)).await.unwrap();
    assert_eq!((caller.tenant(), caller.user()), (&owner, ada));
    let strangers = world.realm.strangers_tokens(&name, "a password").await;
    let refresh = ours["refresh_token"].as_str().unwrap().to_owned();
    for other in [bearer(&strangers), refresh] {
        assert!(world.gate.authenticate(&other).await.is_err());
    }

    // A rotation: the first token of the new key is accepted, and those of the old one still are.
    world.realm.rotate_key().await;
    let fresh = world.realm.tokens(&name, "a password").await;
    assert!(world.gate.authenticate(&bearer(&fresh)).await.is_ok());
    assert_eq!(world.keys.document().keys.len(), 2);
    assert!(world.gate.authenticate(&bearer(&ours)).await.is_ok());

    // An account whose attributes say somebody else: Keycloak knows the password, and still nobody
    // is let in.
    let (eve, victim) = (UserId(RealTime.new_id()), UserId(RealTime.new_id()));
    add(&world.realm, &tenant("other"), eve, "eve@example.com").await;
    set_password(&world.realm, eve, "a password").await;
    let candidate = |tenant: &TenantId, user| LoginCandidate {
        tenant: tenant.clone(),
        user,
        enabled: true,
    };
    let outcome = world
        .provider
        .log_in(vec![candidate(&owner, eve)], "a password".into())
        .await;
    assert!(
        matches!(outcome, Err(AuthorizerError::Unavailable(_))),
        "another tenant: {:?}",
        outcome.err()
    );
    let outcome = world
        .provider
        .log_in(vec![candidate(&owner, victim)], "a password".into())
        .await;
    assert!(matches!(outcome, Err(AuthorizerError::Unauthenticated)));
    world.realm.remove().await;
}

#[derive(Debug)]
struct NoKeys;

#[async_trait]
impl KeySource for NoKeys {
    async fn fetch(&self) -> Result<JwkSet, KeySourceUnavailable> {
        Err(KeySourceUnavailable("down".into()))
    }
}

/// A provider whose Keycloak is at an address that a test keeps.
fn provider_at(address: &str) -> Arc<KeycloakProvider> {
    invoiceapp_access::init_crypto();
    let keys = KeySet::new(Arc::new(NoKeys), Arc::new(RealTime));
    let settings = KeycloakSettings {
        base_url: address.to_owned(),
        issuer: "https://issuer.test/realms/invoiceapp".to_owned(),
        realm: "invoiceapp".to_owned(),
        audience: "invoiceapp-api".to_owned(),
        client: "invoiceapp".to_owned(),
        client_secret: "login-canary".into(),
        service_client: "invoiceapp-admin".to_owned(),
        service_client_secret: "service-canary".into(),
    };
    provider(settings, &keys, &Arc::new(Users::default()))
}

async fn assert_unavailable(provider: &KeycloakProvider) {
    let candidate = LoginCandidate {
        tenant: tenant("default"),
        user: user(1),
        enabled: true,
    };
    let token = SecretString::from("refresh-canary");
    let session = invoiceapp_access::SessionId::from(Uuid::from_u128(7));
    let login = provider.log_in(vec![candidate], "password-canary".into());
    let nobody = provider.log_in(Vec::new(), "password-canary".into());
    let refresh = provider.refresh(&token);
    let by_token = provider.log_out(None, Some(&token));
    let by_session = provider.log_out(Some(&session), None);
    let (login, nobody, refresh, by_token, by_session) =
        tokio::join!(login, nobody, refresh, by_token, by_session);
    for outcome in [
        login.map(drop),
        nobody.map(drop),
        refresh.map(drop),
        by_token,
        by_session,
    ] {
        let error = outcome.unwrap_err();
        assert!(
            matches!(error, AuthorizerError::Unavailable(_)),
            "{error:?}"
        );
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn a_keycloak_that_is_not_there_is_unavailable_and_no_wrong_password() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let provider = provider_at(&address);
    assert_unavailable(&provider).await;
    assert!(!format!("{provider:?}").contains("canary"));
}

#[tokio::test]
async fn a_keycloak_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let provider = provider_at(&format!("http://{}", listener.local_addr().unwrap()));
    assert_unavailable(&provider).await;
}

#[tokio::test]
async fn without_keycloak_tokens_of_unknown_keys_are_unavailable_and_not_believed() {
    invoiceapp_access::init_crypto();
    let keys = KeySet::new(Arc::new(NoKeys), Arc::new(RealTime));
    let realm = provider_at("http://127.0.0.1:1").published();
    assert!(realm.keys.keys.is_empty());
    let policy = KeycloakSettings {
        base_url: String::new(),
        issuer: realm.issuer,
        realm: String::new(),
        audience: String::new(),
        client: String::new(),
        client_secret: SecretString::default(),
        service_client: String::new(),
        service_client_secret: SecretString::default(),
    }
    .policy();
    let verifier = TokenVerifier::new(policy, keys, Arc::new(RealTime));
    let token = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IngifQ.e30.AAAA";
    let refusal = verifier.verify(token).await.unwrap_err();
    assert_eq!(refusal, TokenRefusal::KeysUnavailable);
}
