//! The signing keys on disk, and what is published of them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use invoiceapp_access::{KeySet, TokenVerifier};
use invoiceapp_authorizer::keys::{SIGNING_KEYS_FOLDER, create_signing_key};
use invoiceapp_authorizer::{SigningKeyError, SigningKeys, openapi};
use invoiceapp_domain::Ambient;
use serde_json::Value;

use crate::fixture::{EMAIL, Installation, PASSWORD};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_key_is_made_once_and_is_for_its_owner_only() {
    let installation = Installation::new().await;
    let folder = installation.directory.path().join(SIGNING_KEYS_FOLDER);
    let files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1);
    assert_eq!(mode(&files[0]), 0o600);
    assert_eq!(mode(&folder), 0o700);
    let again = SigningKeys::open(installation.directory.path(), installation.clock.now()).unwrap();
    assert_eq!(again.active_id(), installation.keys.active_id());
}

#[tokio::test]
async fn a_key_that_others_can_read_is_refused() {
    let installation = Installation::new().await;
    let folder = installation.directory.path().join(SIGNING_KEYS_FOLDER);
    let file = fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let error =
        SigningKeys::open(installation.directory.path(), installation.clock.now()).unwrap_err();
    assert!(matches!(error, SigningKeyError::Exposed { .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_key_is_refused_by_name_and_not_replaced() {
    let installation = Installation::new().await;
    let folder = installation.directory.path().join(SIGNING_KEYS_FOLDER);
    let file = fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::write(&file, b"not a key").unwrap();
    let error =
        SigningKeys::open(installation.directory.path(), installation.clock.now()).unwrap_err();
    assert!(matches!(error, SigningKeyError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_token_carries_the_key_id_and_type_and_the_claims_of_rfc_9068() {
    let installation = Installation::with_ada().await;
    let token = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("access_token");
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(parts[0]["alg"], "ES256");
    assert_eq!(parts[0]["typ"], "at+jwt");
    assert_eq!(parts[0]["kid"], installation.keys.active_id());
    for claim in [
        "iss",
        "aud",
        "sub",
        "azp",
        "client_id",
        "exp",
        "iat",
        "nbf",
        "jti",
        "tenant",
        "sid",
    ] {
        assert!(!parts[1][claim].is_null(), "{claim}");
    }
    assert!(parts[1].get("permissions").is_none());
}

#[tokio::test]
async fn the_public_keys_are_published_and_the_private_ones_are_not() {
    let installation = Installation::new().await;
    let answer = installation.get("/.well-known/jwks.json", None).await;
    assert_eq!(answer.status, StatusCode::OK);
    let keys = answer.body["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0]["kid"], installation.keys.active_id());
    assert_eq!(keys[0]["alg"], "ES256");
    assert!(keys[0].get("d").is_none());
    let metadata = installation
        .get("/.well-known/openid-configuration", None)
        .await;
    assert_eq!(metadata.body["issuer"], "http://127.0.0.1:3300");
    assert_eq!(
        metadata.body["jwks_uri"],
        "http://127.0.0.1:3300/.well-known/jwks.json"
    );
}

#[tokio::test]
async fn the_key_id_is_the_thumbprint_of_rfc_7638() {
    use sha2::{Digest, Sha256};
    let installation = Installation::new().await;
    let answer = installation.get("/.well-known/jwks.json", None).await;
    let key = &answer.body["keys"][0];
    let canonical = format!(
        r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#,
        key["x"], key["y"]
    );
    assert_eq!(
        key["kid"],
        URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
    );
}

#[tokio::test]
async fn after_a_rotation_the_new_key_signs_and_the_old_one_still_verifies() {
    let installation = Installation::with_ada().await;
    let token = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("access_token");
    installation.clock.advance_seconds(1);
    let data = installation.directory.path();
    create_signing_key(&data.join(SIGNING_KEYS_FOLDER), installation.clock.now()).unwrap();
    let keys = SigningKeys::open(data, installation.clock.now()).unwrap();
    assert_ne!(keys.active_id(), installation.keys.active_id());
    assert_eq!(keys.public().keys.len(), 2);
    let policy = installation.issuer.issuer().policy();
    let key_set = KeySet::new(std::sync::Arc::new(keys), installation.clock.clone());
    let verifier = TokenVerifier::new(policy, key_set, installation.clock.clone());
    assert!(verifier.verify(&token).await.is_ok());
}

#[test]
fn every_route_is_described() {
    let document = serde_json::to_value(openapi()).unwrap();
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/.well-known/jwks.json",
            "/.well-known/openid-configuration",
            "/api/v1/auth/login",
            "/api/v1/auth/logout",
            "/api/v1/auth/me",
            "/api/v1/auth/refresh",
        ]
    );
}
