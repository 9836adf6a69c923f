//! Credentials on their way to the provider.

use invoiceapp_domain::TenantId;
use jiff::Timestamp;
use uuid::Uuid;

use crate::passwords::PasswordHash;
use crate::staging::{CredentialStaging, StagedCredential};

/// Runs everything, on a staging place that nothing was written to.
pub async fn all(staging: &dyn CredentialStaging) {
    what_is_staged_is_there_oldest_first(staging).await;
    what_was_handed_over_is_erased_and_does_not_come_back(staging).await;
    what_was_discarded_may_be_staged_again(staging).await;
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("within jiff's range")
}

fn credential(number: u128, request: u8, seconds: i64) -> StagedCredential {
    StagedCredential {
        command: Uuid::from_u128(number),
        fingerprint: [request; 32],
        tenant: TenantId::parse("default").expect("a tenant id"),
        hash: PasswordHash::from_stored(format!("$argon2id${number}${request}")),
        staged_at: at(seconds),
    }
}

async fn hashes(staging: &dyn CredentialStaging) -> Vec<String> {
    let staged = staging.staged(100).await.expect("reads");
    staged
        .iter()
        .map(|it| it.hash.expose().to_owned())
        .collect()
}

async fn what_is_staged_is_there_oldest_first(staging: &dyn CredentialStaging) {
    for each in [
        credential(2, 1, 2),
        credential(1, 1, 1),
        credential(2, 1, 3),
        credential(2, 2, 3),
    ] {
        staging.stage(&each).await.expect("stages");
    }
    assert_eq!(
        hashes(staging).await,
        ["$argon2id$1$1", "$argon2id$2$1", "$argon2id$2$2"]
    );
    let limited = staging.staged(1).await.expect("reads");
    assert_eq!(limited.len(), 1);
    assert_eq!(limited[0].command, Uuid::from_u128(1));
    assert_eq!(limited[0].fingerprint, [1; 32]);
    assert_eq!(limited[0].tenant.as_str(), "default");
    assert_eq!(limited[0].staged_at, at(1));
    let of_two = staging.staged_by(Uuid::from_u128(2)).await.expect("reads");
    assert_eq!(of_two.len(), 2);
    let of_none = staging.staged_by(Uuid::from_u128(3)).await.expect("reads");
    assert!(of_none.is_empty());
}

async fn what_was_handed_over_is_erased_and_does_not_come_back(staging: &dyn CredentialStaging) {
    let two = Uuid::from_u128(2);
    for _ in 0..2 {
        staging.handed_over(two, at(10)).await.expect("erases");
    }
    assert_eq!(hashes(staging).await, ["$argon2id$1$1"]);
    for late in [credential(2, 1, 11), credential(2, 3, 11)] {
        staging.stage(&late).await.expect("stages nothing");
    }
    staging.discard(two).await.expect("discards nothing");
    staging
        .stage(&credential(2, 1, 12))
        .await
        .expect("stages nothing");
    assert_eq!(hashes(staging).await, ["$argon2id$1$1"]);
    assert_eq!(staging.forget(at(10)).await.expect("forgets"), 0);
    assert_eq!(staging.forget(at(11)).await.expect("forgets"), 2);
}

async fn what_was_discarded_may_be_staged_again(staging: &dyn CredentialStaging) {
    let one = Uuid::from_u128(1);
    staging.discard(one).await.expect("discards");
    assert!(hashes(staging).await.is_empty());
    staging.stage(&credential(1, 1, 20)).await.expect("stages");
    assert_eq!(hashes(staging).await, ["$argon2id$1$1"]);
}
