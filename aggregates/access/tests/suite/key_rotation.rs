//! The key cache under rotation, floods and outages.

use std::sync::Arc;
use std::time::Duration;

use invoiceapp_access::{ABSENT_KEY_IDS_MAX, KEYS_STALE_SECONDS_MAX, TokenRefusal};
use serde_json::json;

use crate::fixture::{NOW, TestKey, World, claims_with, good_claims, jwks};

/// Sooner than keys that serve are fetched again.
const SOON: Duration = Duration::from_secs(5);

fn token_of(key: &TestKey) -> String {
    key.token(&key.header(), &good_claims())
}

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it() {
    let world = World::new();
    let verifier = world.verifier();
    world.keys.refresh().await.unwrap();
    let next = TestKey::es256("ec-2");
    *world.source.keys.lock().unwrap() = Some(jwks(&[&world.es256, &next]));
    assert!(verifier.verify(&token_of(&next)).await.is_ok());
    assert_eq!(world.source.fetch_count(), 2);
}

#[tokio::test]
async fn a_flood_of_unknown_ids_forces_one_fetch_per_interval_and_evicts_nothing() {
    let world = World::new();
    let verifier = world.verifier();
    world.keys.refresh().await.unwrap();
    for index in 0..ABSENT_KEY_IDS_MAX * 2 {
        let stranger = TestKey::es256(&format!("flood-{index}"));
        let refusal = verifier.verify(&token_of(&stranger)).await.unwrap_err();
        assert_eq!(refusal, TokenRefusal::UnknownKey);
    }
    assert_eq!(world.source.fetch_count(), 2);
    assert!(verifier.verify(&world.good_token()).await.is_ok());
}

#[tokio::test]
async fn a_flood_does_not_starve_a_real_rotation() {
    let world = World::new();
    let verifier = world.verifier();
    world.keys.refresh().await.unwrap();
    assert!(
        verifier
            .verify(&token_of(&TestKey::es256("flood-1")))
            .await
            .is_err()
    );
    let next = TestKey::es256("ec-2");
    *world.source.keys.lock().unwrap() = Some(jwks(&[&next]));
    world.clock.set_seconds(NOW + 30);
    assert!(
        verifier
            .verify(&token_of(&TestKey::es256("flood-2")))
            .await
            .is_err()
    );
    assert!(verifier.verify(&token_of(&next)).await.is_ok());
}

#[tokio::test]
async fn an_absent_id_spends_no_second_fetch() {
    let world = World::new();
    let verifier = world.verifier();
    world.keys.refresh().await.unwrap();
    let stranger = token_of(&TestKey::es256("flood"));
    assert!(verifier.verify(&stranger).await.is_err());
    world.clock.set_seconds(NOW + 31);
    assert!(verifier.verify(&stranger).await.is_err());
    assert_eq!(world.source.fetch_count(), 2);
}

#[tokio::test]
async fn many_callers_share_one_fetch_and_one_who_hangs_up_does_not_stop_it() {
    let world = World::new();
    let verifier = Arc::new(world.verifier());
    world.keys.refresh().await.unwrap();
    let next = TestKey::es256("ec-2");
    *world.source.keys.lock().unwrap() = Some(jwks(&[&next]));
    world.source.permits.forget_permits(usize::MAX);
    let callers: Vec<_> = (0..8)
        .map(|index| {
            let verifier = verifier.clone();
            let claims = claims_with(&json!({"jti": index.to_string()}));
            let token = next.token(&next.header(), &claims);
            tokio::spawn(async move { verifier.verify(&token).await })
        })
        .collect();
    while world.source.fetch_count() < 2 {
        tokio::task::yield_now().await;
    }
    callers[0].abort();
    world.source.permits.add_permits(1);
    for caller in callers.into_iter().skip(1) {
        assert!(caller.await.unwrap().is_ok());
    }
    assert_eq!(world.source.fetch_count(), 2);
}

#[tokio::test]
async fn keys_go_on_serving_for_a_day_when_the_issuer_is_down() {
    let world = World::new();
    let verifier = world.verifier();
    world.keys.refresh().await.unwrap();
    *world.source.keys.lock().unwrap() = None;
    assert!(world.keys.refresh().await.is_err());
    let later = NOW + KEYS_STALE_SECONDS_MAX;
    let claims = claims_with(&json!({"iat": later, "nbf": later, "exp": later + 60}));
    let token = world.es256.token(&world.es256.header(), &claims);
    world.clock.set_seconds(later);
    assert!(verifier.verify(&token).await.is_ok());
    let stranger = verifier.verify(&token_of(&TestKey::es256("other"))).await;
    assert_eq!(stranger.unwrap_err(), TokenRefusal::UnknownKey);
    world.clock.set_seconds(later + 1);
    assert_eq!(
        verifier.verify(&token).await.unwrap_err(),
        TokenRefusal::KeysUnavailable
    );
}

#[tokio::test]
async fn a_process_that_began_without_the_issuer_serves_soon_after_it_is_there() {
    let world = World::new();
    let verifier = world.verifier();
    let keys = world.source.keys.lock().unwrap().take();
    let fresh = Arc::clone(&world.keys);
    let fresh = tokio::spawn(async move { fresh.keep_fresh().await });
    let refusal = verifier.verify(&world.good_token()).await.unwrap_err();
    assert_eq!(refusal, TokenRefusal::KeysUnavailable);
    *world.source.keys.lock().unwrap() = keys;
    // The clock stands still, so no token forces another fetch.
    let served = async {
        while verifier.verify(&world.good_token()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, served).await.unwrap();
    fresh.abort();
}

#[tokio::test]
async fn keys_that_are_not_for_our_signatures_are_left_out() {
    let world = World::new();
    let mut encryption = world.es256.jwk();
    encryption["use"] = json!("enc");
    let mut other_algorithm = world.es256.jwk();
    other_algorithm["alg"] = json!("ES384");
    let mut short_point = world.es256.jwk();
    short_point["x"] = json!("AAAA");
    let secret = json!({"kty": "oct", "kid": "ec-1", "k": "AAAA", "alg": "HS256"});
    for key in [encryption, other_algorithm, short_point, secret] {
        let document = serde_json::from_value(json!({"keys": [key]})).unwrap();
        *world.source.keys.lock().unwrap() = Some(document);
        world.keys.refresh().await.unwrap();
        let refusal = world
            .verifier()
            .verify(&world.good_token())
            .await
            .unwrap_err();
        assert_eq!(refusal, TokenRefusal::UnknownKey);
    }
}
