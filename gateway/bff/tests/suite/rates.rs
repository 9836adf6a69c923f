//! Rate limits: by user, by tenant, by address.

use axum::body::Body;
use invoiceapp_bff::{BffConfig, Rate};

use crate::fixture::{Door, from};

/// One a second after the burst: nothing comes back while a test runs that would change it much.
fn rate(burst: u32) -> Rate {
    Rate::new(1, burst).unwrap()
}

const PATH: &str = "/api/v1/users";
/// More than any burst of these tests, plus what a slow machine gives back meanwhile.
const MANY: usize = 100;

async fn passed(door: &Door, token: &str) -> usize {
    let mut passed = 0;
    for _ in 0..MANY {
        let answer = door.get_as(token, PATH).await;
        if answer.status == 200 {
            passed += 1;
        } else {
            answer.problem(429, "rate_limited");
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
    passed
}

#[tokio::test]
async fn a_user_who_asks_too_often_is_told_when_to_come_again() {
    let door = Door::with_config(BffConfig {
        user_rate: rate(5),
        ..BffConfig::default()
    });
    let (first, second) = (door.token("acme", 1), door.token("acme", 2));
    let count = passed(&door, &first).await;
    assert!((5..MANY / 2).contains(&count), "{count}");
    assert_eq!(
        door.get_as(&second, PATH).await.status,
        200,
        "others are not held up"
    );
}

#[tokio::test]
async fn a_tenant_has_a_limit_over_all_its_users() {
    let door = Door::with_config(BffConfig {
        tenant_rate: rate(5),
        ..BffConfig::default()
    });
    let (first, second) = (door.token("acme", 1), door.token("acme", 2));
    let (rival, count) = (door.token("rival", 1), passed(&door, &first).await);
    assert!((5..MANY / 2).contains(&count), "{count}");
    let second = passed(&door, &second).await;
    assert!(second < MANY / 2, "{second}");
    assert_eq!(door.get_as(&rival, PATH).await.status, 200);
}

#[tokio::test]
async fn without_a_valid_token_the_address_counts() {
    let door = Door::with_config(BffConfig {
        address_rate: rate(5),
        ..BffConfig::default()
    });
    let mut passed = 0;
    for index in 0..MANY {
        // A header of the client's own does not give it another address, nor does a token.
        let request = from("203.0.113.7")
            .uri(PATH)
            .header("x-forwarded-for", format!("198.51.100.{index}"))
            .header("authorization", format!("Bearer made.up.{index}"));
        let answer = door.send(request.body(Body::empty()).unwrap()).await;
        passed += usize::from(answer.status == 200);
    }
    assert!((5..MANY / 2).contains(&passed), "{passed}");
    let other = from("203.0.113.8").uri(PATH).body(Body::empty()).unwrap();
    assert_eq!(door.send(other).await.status, 200);
    let token = door.token("acme", 1);
    assert_eq!(door.get_as(&token, PATH).await.status, 200);
}

#[tokio::test]
async fn an_ipv6_network_is_one_address() {
    let door = Door::with_config(BffConfig {
        address_rate: rate(5),
        ..BffConfig::default()
    });
    let mut passed = 0;
    for index in 0..MANY {
        let request = from(&format!("2001:db8::{index:x}"))
            .uri(PATH)
            .body(Body::empty())
            .unwrap();
        passed += usize::from(door.send(request).await.status == 200);
    }
    assert!((5..MANY / 2).contains(&passed), "{passed}");
}

#[tokio::test]
async fn login_works_whatever_token_is_sent_along() {
    let door = Door::new();
    let seen = door.get_as("old.and.stale", "/api/v1/auth/login").await;
    assert_eq!(seen.json()["service"], "authorizer");
}

#[test]
fn configuration_has_defaults_and_refuses_what_it_does_not_know() {
    let config: BffConfig =
        serde_json::from_str(r#"{"user_rate": {"per_second": 5, "burst": 9}}"#).unwrap();
    assert_eq!(Some(config.user_rate), Rate::new(5, 9));
    assert_eq!(Some(config.tenant_rate), Rate::new(50, 200));
    assert!(serde_json::from_str::<BffConfig>(r#"{"user_rat": {}}"#).is_err());
    assert!(
        serde_json::from_str::<BffConfig>(r#"{"user_rate": {"per_second": 0, "burst": 1}}"#)
            .is_err()
    );
}

#[tokio::test]
async fn whoever_reads_the_keys_is_counted_by_address() {
    let door = Door::with_config(BffConfig {
        address_rate: rate(5),
        ..BffConfig::default()
    });
    let mut passed = 0;
    for _ in 0..MANY {
        let answer = door.get("/.well-known/jwks.json").await;
        passed += usize::from(answer.status == 200);
    }
    assert!((5..MANY / 2).contains(&passed), "{passed}");
}
