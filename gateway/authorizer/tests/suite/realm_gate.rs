//! The gate of the authorizer's own process, on tokens of a realm: who has logged out here is not let
//! in here, whether or not Keycloak could be told.

use invoiceapp_access::{AccessClaims, AccessError, Audience, Gate, KeySet, SessionId};
use invoiceapp_authorizer::{
    AuthorizerError, IdentityProvider, KeycloakParts, KeycloakProvider, KeycloakSettings,
};
use invoiceapp_domain::Ambient;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::SecretString;
use uuid::Uuid;

use crate::fixture::{EMAIL, Installation, tenant, user};

/// Nobody answers there.
const KEYCLOAK: &str = "http://127.0.0.1:1";

fn settings() -> KeycloakSettings {
    KeycloakSettings {
        base_url: KEYCLOAK.to_owned(),
        issuer: format!("{KEYCLOAK}/realms/invoiceapp"),
        realm: "invoiceapp".to_owned(),
        audience: "invoiceapp-api".to_owned(),
        client: "invoiceapp".to_owned(),
        client_secret: SecretString::default(),
        service_client: "invoiceapp-admin".to_owned(),
        service_client_secret: SecretString::default(),
    }
}

/// A token as the realm writes it, signed with the installation's key.
fn token(installation: &Installation, session: &SessionId) -> String {
    let (settings, now) = (settings(), installation.clock.now().as_second());
    let claims = AccessClaims {
        iss: settings.issuer,
        sub: "an-id-of-keycloak".to_owned(),
        user_id: Some(user(1).to_string()),
        typ: Some("Bearer".to_owned()),
        aud: Audience::One(settings.audience),
        azp: settings.client,
        client_id: None,
        exp: now + 300,
        iat: now,
        nbf: None,
        jti: None,
        tenant: tenant("default"),
        sid: Some(session.clone()),
    };
    let folder = installation.directory.path().join("signing-keys");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    let key = EncodingKey::from_ec_der(&std::fs::read(file.path()).unwrap());
    let mut header = Header::new(Algorithm::ES256);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(installation.keys.active_id().to_owned());
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

async fn refused(gate: &Gate, token: &str) -> bool {
    let verdict = gate.authenticate(token).await;
    let refusal = verdict.err();
    assert!(
        matches!(refusal, None | Some(AccessError::Unauthenticated)),
        "{refusal:?}"
    );
    refusal.is_some()
}

#[tokio::test]
async fn a_session_that_was_ended_here_is_not_let_in_by_this_process() {
    let installation = Installation::new().await;
    installation.users.add(&tenant("default"), user(1), EMAIL);
    let provider = KeycloakProvider::new(KeycloakParts {
        settings: settings(),
        keys: KeySet::new(installation.keys.clone(), installation.clock.clone()),
        permissions: installation.users.clone(),
        ambient: installation.clock.clone(),
    })
    .unwrap();
    let gate = provider.gate();
    let [first, second] = [1, 2].map(|number| SessionId::from(Uuid::from_u128(number)));
    let [of_first, of_second] = [&first, &second].map(|session| token(&installation, session));
    assert!(!refused(&gate, &of_first).await);

    let outcome = provider.log_out(Some(&first), None).await;
    assert!(matches!(outcome, Err(AuthorizerError::Unavailable(_))));
    assert!(refused(&gate, &of_first).await);
    assert!(!refused(&gate, &of_second).await, "another session");
}
