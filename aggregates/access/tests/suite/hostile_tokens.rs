//! Tokens that must not count, each properly signed except where the lie is the signature.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use invoiceapp_access::{
    AccessError, SigningAlgorithm, TOKEN_BYTES_MAX, TokenDialect, TokenRefusal,
};
use ring::hmac;
use rstest::rstest;
use serde_json::{Value, json};

use crate::fixture::{NOW, TestKey, World, base64url, claims_with, good_claims, message, user};

#[tokio::test]
async fn tokens_of_both_algorithms_are_accepted() {
    let world = World::new();
    let verifier = world.verifier();
    for key in [&world.es256, &world.rs256] {
        let principal = verifier
            .verify(&key.token(&key.header(), &good_claims()))
            .await
            .unwrap();
        assert_eq!(principal.user, user());
        assert_eq!(principal.tenant.as_str(), "acme");
        assert_eq!(principal.expires_at.as_second(), NOW + 300);
    }
}

#[rstest]
#[case::no_expiry(json!({"exp": null}), TokenRefusal::BadClaims)]
#[case::no_issue_time(json!({"iat": null}), TokenRefusal::BadClaims)]
#[case::no_issuer(json!({"iss": null}), TokenRefusal::BadClaims)]
#[case::no_audience(json!({"aud": null}), TokenRefusal::BadClaims)]
#[case::no_subject(json!({"{user id}": null}), TokenRefusal::BadClaims)]
#[case::no_client(json!({"azp": null}), TokenRefusal::BadClaims)]
#[case::no_tenant(json!({"tenant": null}), TokenRefusal::BadClaims)]
#[case::tenant_is_a_path(json!({"tenant": "../other"}), TokenRefusal::BadClaims)]
#[case::tenant_is_a_list(json!({"tenant": ["acme", "other"]}), TokenRefusal::BadClaims)]
#[case::subject_is_no_user_id(json!({"{user id}": "admin"}), TokenRefusal::BadClaims)]
#[case::no_subject_at_all(json!({"sub": null, "user_id": null}), TokenRefusal::BadClaims)]
#[case::session_is_a_path(json!({"sid": "../../users"}), TokenRefusal::BadClaims)]
#[case::long_session(json!({"sid": "s".repeat(65)}), TokenRefusal::BadClaims)]
#[case::subject_in_another_spelling(
    json!({"{user id}": "{00000000-0000-0000-0000-000000000007}"}),
    TokenRefusal::BadClaims
)]
#[case::another_issuer(json!({"iss": "https://issuer.test/"}), TokenRefusal::WrongIssuer)]
#[case::several_issuers(json!({"iss": ["https://issuer.test", "x"]}), TokenRefusal::BadClaims)]
#[case::another_audience(json!({"aud": "account"}), TokenRefusal::WrongAudience)]
#[case::other_audiences(json!({"aud": ["account", "other"]}), TokenRefusal::WrongAudience)]
#[case::empty_audience(json!({"aud": []}), TokenRefusal::WrongAudience)]
#[case::another_client(json!({"azp": "other"}), TokenRefusal::WrongClient)]
#[case::expired(json!({"iat": NOW - 300, "nbf": NOW - 300, "exp": NOW - 30}), TokenRefusal::Expired)]
#[case::issued_in_the_future(
    json!({"iat": NOW + 31, "nbf": null, "exp": NOW + 60}),
    TokenRefusal::NotYetValid
)]
#[case::not_valid_before_later(json!({"nbf": NOW + 31}), TokenRefusal::NotYetValid)]
#[case::lives_too_long(json!({"exp": NOW + 301}), TokenRefusal::LivesTooLong)]
#[case::ends_before_it_begins(json!({"exp": NOW - 1}), TokenRefusal::BadClaims)]
#[case::times_as_text(json!({"exp": "1800000300"}), TokenRefusal::BadClaims)]
#[case::times_as_fractions(json!({"exp": 1_800_000_300.5}), TokenRefusal::BadClaims)]
#[case::times_beyond_the_calendar(
    json!({"iat": i64::MAX - 1, "nbf": null, "exp": i64::MAX}),
    TokenRefusal::NotYetValid
)]
#[case::times_before_the_calendar(
    json!({"iat": i64::MIN, "nbf": null, "exp": i64::MIN + 1}),
    TokenRefusal::Expired
)]
#[tokio::test]
async fn claims_that_do_not_fit_refuse_the_token(
    #[case] changes: Value,
    #[case] expected: TokenRefusal,
    #[values(TokenDialect::Rfc9068, TokenDialect::Keycloak)] dialect: TokenDialect,
) {
    let world = World::of(dialect);
    let token = world.token_with(&json!({}), &changes);
    assert_eq!(world.verifier().verify(&token).await.unwrap_err(), expected);
}

#[rstest]
#[case::clocks_apart_at_the_start(json!({"iat": NOW + 30, "nbf": NOW + 30}))]
#[case::clocks_apart_at_the_end(json!({"iat": NOW - 200, "nbf": null, "exp": NOW - 29}))]
#[case::one_audience_of_several(json!({"aud": ["account", "invoiceapp"]}))]
#[case::without_session(json!({"sid": null}))]
#[case::without_optional_claims(json!({"nbf": null, "jti": null, "client_id": null}))]
#[tokio::test]
async fn claims_within_the_rules_are_accepted(
    #[case] changes: Value,
    #[values(TokenDialect::Rfc9068, TokenDialect::Keycloak)] dialect: TokenDialect,
) {
    let world = World::of(dialect);
    let token = world.token_with(&json!({}), &changes);
    assert_eq!(world.verifier().verify(&token).await.unwrap().user, user());
}

#[rstest]
#[case::plain_jwt(json!({"typ": "JWT"}), TokenRefusal::WrongType)]
#[case::no_type(json!({"typ": null}), TokenRefusal::WrongType)]
#[case::logout_token(json!({"typ": "logout+jwt"}), TokenRefusal::WrongType)]
#[case::algorithm_none(json!({"alg": "none"}), TokenRefusal::Malformed)]
#[case::algorithm_of_no_name(json!({"alg": "es256"}), TokenRefusal::Malformed)]
#[case::algorithm_of_a_longer_hash(json!({"alg": "ES384"}), TokenRefusal::AlgorithmNotAllowed)]
#[case::algorithm_of_another_hash(json!({"alg": "RS512"}), TokenRefusal::AlgorithmNotAllowed)]
#[case::algorithm_with_a_secret(json!({"alg": "HS256"}), TokenRefusal::AlgorithmNotAllowed)]
#[case::no_key_id(json!({"kid": null}), TokenRefusal::UnknownKey)]
#[case::unknown_key_id(json!({"kid": "other"}), TokenRefusal::UnknownKey)]
#[case::key_id_is_a_path(json!({"kid": "../../dev/null"}), TokenRefusal::UnknownKey)]
#[case::key_id_is_sql(json!({"kid": "x' UNION SELECT 'key"}), TokenRefusal::UnknownKey)]
#[case::key_id_is_a_list(json!({"kid": ["ec-1"]}), TokenRefusal::Malformed)]
#[case::long_key_id(json!({"kid": "k".repeat(4_000)}), TokenRefusal::UnknownKey)]
#[case::huge_key_id(json!({"kid": "k".repeat(10_000)}), TokenRefusal::TooLong)]
#[case::key_address(json!({"jku": "https://evil.test/jwks"}), TokenRefusal::HeaderNotAllowed)]
#[case::certificate_address(
    json!({"x5u": "https://evil.test/cert"}),
    TokenRefusal::HeaderNotAllowed
)]
#[case::certificate_chain(json!({"x5c": ["AAAA"]}), TokenRefusal::HeaderNotAllowed)]
#[case::critical_extension(json!({"crit": ["exp"]}), TokenRefusal::HeaderNotAllowed)]
#[case::unencoded_payload(
    json!({"crit": ["b64"], "b64": false}),
    TokenRefusal::HeaderNotAllowed
)]
#[case::compressed(json!({"zip": "DEF"}), TokenRefusal::HeaderNotAllowed)]
#[tokio::test]
async fn headers_that_do_not_fit_refuse_the_token(
    #[case] changes: Value,
    #[case] expected: TokenRefusal,
    #[values(TokenDialect::Rfc9068, TokenDialect::Keycloak)] dialect: TokenDialect,
) {
    let world = World::of(dialect);
    let token = world.token_with(&changes, &json!({}));
    assert_eq!(world.verifier().verify(&token).await.unwrap_err(), expected);
}

#[tokio::test]
async fn an_algorithm_of_another_family_than_the_key_is_refused() {
    for (dialect, other) in [
        (TokenDialect::Rfc9068, "RS256"),
        (TokenDialect::Keycloak, "ES256"),
    ] {
        let world = World::of(dialect);
        let token = world.token_with(&json!({"alg": other}), &json!({}));
        let refusal = world.verifier().verify(&token).await.unwrap_err();
        assert_eq!(refusal, TokenRefusal::AlgorithmNotAllowed);
    }
}

#[rstest]
#[case::of_no_kind(json!({"typ": null}))]
#[case::id_token(json!({"typ": "ID"}))]
#[case::refresh_token(json!({"typ": "Refresh"}))]
#[case::logout_token(json!({"typ": "Logout"}))]
#[tokio::test]
async fn of_keycloaks_tokens_only_a_bearer_token_counts(#[case] changes: Value) {
    let world = World::of(TokenDialect::Keycloak);
    let token = world.token_with(&json!({}), &changes);
    let refusal = world.verifier().verify(&token).await.unwrap_err();
    assert_eq!(refusal, TokenRefusal::WrongType);
}

#[tokio::test]
async fn a_user_is_named_by_the_claim_of_the_dialect_and_by_no_other() {
    let other = uuid::Uuid::from_u128(0x99);
    let keycloak = World::of(TokenDialect::Keycloak);
    let token = keycloak.token_with(&json!({}), &json!({ "sub": other }));
    assert_eq!(
        keycloak.verifier().verify(&token).await.unwrap().user,
        user()
    );
    let built_in = World::new();
    let token = built_in.token_with(&json!({}), &json!({ "user_id": other }));
    assert_eq!(
        built_in.verifier().verify(&token).await.unwrap().user,
        user()
    );
}

#[rstest]
#[case::tenant("tenant", "other")]
#[case::user("{user id}", "00000000-0000-0000-0000-000000000099")]
#[case::issuer("iss", "https://evil.test")]
#[case::expiry("exp", "1")]
#[tokio::test]
async fn a_claim_said_twice_refuses_a_token_of_any_issuer(
    #[case] name: &str,
    #[case] value: &str,
    #[values(TokenDialect::Rfc9068, TokenDialect::Keycloak)] dialect: TokenDialect,
) {
    let world = World::of(dialect);
    let name = match dialect {
        TokenDialect::Rfc9068 => name.replace("{user id}", "sub"),
        TokenDialect::Keycloak => name.replace("{user id}", "user_id"),
    };
    let text = world.claims_with(&json!({})).to_string();
    let twice = format!("{}, \"{name}\": \"{value}\"}}", text.trim_end_matches('}'));
    let header = base64url(world.signer().header().to_string());
    let message = format!("{header}.{}", base64url(twice));
    let token = format!(
        "{message}.{}",
        base64url(world.signer().signature(&message))
    );
    let refusal = world.verifier().verify(&token).await.unwrap_err();
    assert_eq!(refusal, TokenRefusal::BadClaims);
}

#[tokio::test]
async fn the_type_may_be_spelt_as_a_media_type() {
    let world = World::new();
    let mut header = world.es256.header();
    header["typ"] = json!("application/AT+JWT");
    let token = world.es256.token(&header, &good_claims());
    assert!(world.verifier().verify(&token).await.is_ok());
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_is_not_used() {
    let world = World::new();
    let attacker = TestKey::es256("ec-1");
    let mut header = attacker.header();
    header["jwk"] = attacker.jwk();
    let token = attacker.token(&header, &good_claims());
    let refusal = world.verifier().verify(&token).await.unwrap_err();
    assert_eq!(refusal, TokenRefusal::HeaderNotAllowed);
}

#[tokio::test]
async fn a_foreign_key_under_a_known_id_does_not_verify() {
    let world = World::new();
    let attacker = TestKey::es256("ec-1");
    let token = attacker.token(&attacker.header(), &good_claims());
    let refusal = world.verifier().verify(&token).await.unwrap_err();
    assert_eq!(refusal, TokenRefusal::BadSignature);
}

#[rstest]
#[case::raw_modulus(|jwk: &Value| URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap())]
#[case::text_of_the_modulus(|jwk: &Value| jwk["n"].as_str().unwrap().as_bytes().to_vec())]
#[case::text_of_the_key(|jwk: &Value| jwk.to_string().into_bytes())]
#[tokio::test]
async fn the_public_key_is_not_a_shared_secret(#[case] secret: fn(&Value) -> Vec<u8>) {
    let world = World::new();
    let header = json!({"alg": "HS256", "typ": "at+jwt", "kid": "rsa-1"});
    let message = message(&header, &good_claims());
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret(&world.rs256.jwk()));
    let tag = hmac::sign(&key, message.as_bytes());
    let token = format!("{message}.{}", base64url(tag.as_ref()));
    let refusal = world.verifier().verify(&token).await.unwrap_err();
    assert_eq!(refusal, TokenRefusal::AlgorithmNotAllowed);
}

#[tokio::test]
async fn an_algorithm_that_the_policy_leaves_out_is_refused() {
    let world = World::new();
    let token = world.rs256.token(&world.rs256.header(), &good_claims());
    let verifier = world.verifier_allowing(&[SigningAlgorithm::Es256]);
    let refusal = verifier.verify(&token).await.unwrap_err();
    assert_eq!(refusal, TokenRefusal::AlgorithmNotAllowed);
}

#[tokio::test]
async fn another_payload_under_the_same_signature_is_refused() {
    let world = World::new();
    let token = world.good_token();
    let parts: Vec<&str> = token.split('.').collect();
    let other = base64url(claims_with(&json!({"tenant": "other"})).to_string());
    let forged = format!("{}.{other}.{}", parts[0], parts[2]);
    let verifier = world.verifier();
    assert!(verifier.verify(&token).await.is_ok());
    assert_eq!(
        verifier.verify(&forged).await.unwrap_err(),
        TokenRefusal::BadSignature
    );
}

#[tokio::test]
async fn a_signature_in_another_form_is_refused() {
    let world = World::new();
    let message = message(&world.es256.header(), &good_claims());
    let signature = world.es256.signature(&message);
    let empty = format!("{message}.");
    let zeros = format!("{message}.{}", base64url([0; 64]));
    let cut = format!("{message}.{}", base64url(&signature[..63]));
    let padded = format!("{message}.{}", STANDARD.encode(&signature));
    for token in [empty, zeros, cut, padded] {
        let error = AccessError::from(world.verifier().verify(&token).await.unwrap_err());
        assert_eq!(error, AccessError::Unauthenticated, "{token}");
    }
}

#[tokio::test]
async fn a_claim_said_twice_is_refused() {
    let world = World::new();
    let text = good_claims().to_string();
    let twice = format!("{}, \"tenant\": \"other\"}}", text.trim_end_matches('}'));
    let message = format!(
        "{}.{}",
        base64url(world.es256.header().to_string()),
        base64url(twice)
    );
    let token = format!("{message}.{}", base64url(world.es256.signature(&message)));
    assert_eq!(
        world.verifier().verify(&token).await.unwrap_err(),
        TokenRefusal::BadClaims
    );
}

#[rstest]
#[case::empty("".to_owned())]
#[case::dots("..".to_owned())]
#[case::one_part("abc".to_owned())]
#[case::five_parts("a.b.c.d.e".to_owned())]
#[case::not_ascii("é.ü.ß".to_owned())]
#[case::nul("\0.\0.\0".to_owned())]
#[case::deep_header(format!("{}.e30.AA", base64url("[".repeat(4_000))))]
#[case::header_is_a_number(format!("{}.e30.AA", base64url("1")))]
#[tokio::test]
async fn what_is_no_token_is_malformed(#[case] text: String) {
    let world = World::new();
    assert_eq!(
        world.verifier().verify(&text).await.unwrap_err(),
        TokenRefusal::Malformed
    );
}

#[tokio::test]
async fn a_token_over_the_size_limit_is_refused_unread() {
    let world = World::new();
    let text = "a".repeat(TOKEN_BYTES_MAX + 1);
    assert_eq!(
        world.verifier().verify(&text).await.unwrap_err(),
        TokenRefusal::TooLong
    );
    assert_eq!(world.source.fetch_count(), 0);
}
