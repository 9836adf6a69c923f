//! How often one may try.

use std::num::NonZeroU32;

use axum::http::StatusCode;
use invoiceapp_authorizer::LoginLimits;

use crate::fixture::{Answer, EMAIL, Installation, PASSWORD};

const HERE: [u8; 4] = [192, 0, 2, 1];
const ELSEWHERE: [u8; 4] = [198, 51, 100, 1];

fn limit(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

fn retry_after_seconds(answer: &Answer) -> i64 {
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{answer:?}");
    assert_eq!(answer.body["code"], "rate_limited");
    answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn the_sixth_try_in_a_minute_waits_as_long_as_it_is_told() {
    let installation = Installation::with_ada().await;
    for _ in 0..5 {
        let answer = installation.login_from(HERE, EMAIL).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let wait = retry_after_seconds(&installation.login_from(HERE, EMAIL).await);
    assert!((1..=12).contains(&wait), "{wait}");
    installation.clock.advance_seconds(wait);
    let answer = installation.login_from(HERE, EMAIL).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    retry_after_seconds(&installation.login_from(HERE, EMAIL).await);
}

#[tokio::test]
async fn an_account_that_does_not_exist_is_counted_alike() {
    let installation = Installation::new().await;
    for _ in 0..5 {
        let answer = installation.login_from(HERE, "nobody@example.com").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    retry_after_seconds(&installation.login_from(HERE, "nobody@example.com").await);
}

#[tokio::test]
async fn another_spelling_of_the_account_is_the_same_account() {
    let installation = Installation::with_ada().await;
    for name in [EMAIL, "ADA@example.com", " ada@EXAMPLE.com", EMAIL, EMAIL] {
        installation.login_from(HERE, name).await;
    }
    retry_after_seconds(&installation.login_from(HERE, "Ada@example.com ").await);
}

#[tokio::test]
async fn neither_another_account_nor_another_address_waits() {
    let installation = Installation::with_ada().await;
    for _ in 0..6 {
        installation.login_from(HERE, EMAIL).await;
    }
    let other_account = installation.login_from(HERE, "bob@example.com").await;
    assert_eq!(other_account.status, StatusCode::UNAUTHORIZED);
    let other_address = installation.login_from(ELSEWHERE, EMAIL).await;
    assert_eq!(other_address.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn one_address_that_tries_many_accounts_waits() {
    let limits = LoginLimits {
        per_address: limit(7),
        ..LoginLimits::default()
    };
    let installation = Installation::with_limits(limits).await;
    for index in 0..7 {
        let name = format!("user{index}@example.com");
        let answer = installation.login_from(HERE, &name).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    retry_after_seconds(&installation.login_from(HERE, "user8@example.com").await);
    let other_address = installation
        .login_from(ELSEWHERE, "user8@example.com")
        .await;
    assert_eq!(other_address.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn one_account_that_many_addresses_try_waits() {
    let limits = LoginLimits {
        per_account: limit(7),
        ..LoginLimits::default()
    };
    let installation = Installation::with_limits(limits).await;
    for last_byte in 0..7 {
        let answer = installation.login_from([192, 0, 2, last_byte], EMAIL).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    retry_after_seconds(&installation.login_from([192, 0, 2, 8], EMAIL).await);
}

#[tokio::test]
async fn a_good_password_waits_too() {
    let installation = Installation::with_ada().await;
    for _ in 0..5 {
        assert_eq!(
            installation.login(EMAIL, PASSWORD).await.status,
            StatusCode::OK
        );
    }
    retry_after_seconds(&installation.login(EMAIL, PASSWORD).await);
}
