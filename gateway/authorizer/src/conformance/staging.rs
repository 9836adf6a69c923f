//! Credentials on their way to the provider.

use invoiceapp_domain::TenantId;
use jiff::Timestamp;
use uuid::Uuid;

use super::order;
use crate::passwords::PasswordHash;
use crate::staging::{CredentialStaging, StagedCredential};

/// Runs everything, on a staging place that nothing was written to, as two processes have it open.
pub async fn all(staging: &dyn CredentialStaging, of_another: &dyn CredentialStaging) {
    what_is_staged_is_there_oldest_first(staging).await;
    what_was_handed_over_is_erased_and_does_not_come_back(staging).await;
    what_was_discarded_may_be_staged_again(staging).await;
    what_two_requests_staged_stays_until_both_were_refused(staging).await;
    pages_reach_everything_once(staging).await;
    order::all(staging, of_another).await;
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("within jiff's range")
}

/// Of a turn that is as late as its time.
fn credential(number: u128, request: u8, seconds: i64) -> StagedCredential {
    StagedCredential {
        command: Uuid::from_u128(number),
        fingerprint: [request; 32],
        tenant: TenantId::parse("default").expect("a tenant id"),
        hash: PasswordHash::from_stored(format!("$argon2id${number}${request}")),
        staged_at: at(seconds),
        turn: seconds,
    }
}

pub(super) async fn hashes(staging: &dyn CredentialStaging) -> Vec<String> {
    let staged = staging.staged(None, 100).await.expect("reads");
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
    let limited = staging.staged(None, 1).await.expect("reads");
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
    let asked = &[1; 32];
    staging.discard(two, asked).await.expect("discards nothing");
    let withdrawn = staging.withdraw(two, asked).await;
    withdrawn.expect("withdraws nothing");
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
    for each in [credential(1, 1, 19), credential(1, 2, 19)] {
        staging.stage(&each).await.expect("stages");
    }
    staging.discard(one, &[1; 32]).await.expect("discards");
    assert_eq!(hashes(staging).await, ["$argon2id$1$2"]);
    staging.stage(&credential(1, 1, 20)).await.expect("stages");
    assert_eq!(hashes(staging).await, ["$argon2id$1$2", "$argon2id$1$1"]);
    for request in [1, 2] {
        staging
            .discard(one, &[request; 32])
            .await
            .expect("discards");
    }
    assert!(hashes(staging).await.is_empty());
}

async fn what_two_requests_staged_stays_until_both_were_refused(staging: &dyn CredentialStaging) {
    let four = Uuid::from_u128(4);
    for each in [
        credential(4, 1, 30),
        credential(4, 1, 31),
        credential(4, 2, 31),
    ] {
        staging.stage(&each).await.expect("stages");
    }
    staging.withdraw(four, &[1; 32]).await.expect("withdraws");
    assert_eq!(hashes(staging).await, ["$argon2id$4$1", "$argon2id$4$2"]);
    staging.withdraw(four, &[1; 32]).await.expect("withdraws");
    assert_eq!(hashes(staging).await, ["$argon2id$4$2"]);
    staging.stage(&credential(4, 1, 32)).await.expect("stages");
    staging.withdraw(four, &[1; 32]).await.expect("withdraws");
    staging
        .withdraw(four, &[3; 32])
        .await
        .expect("withdraws nothing");
    assert_eq!(hashes(staging).await, ["$argon2id$4$2"]);
    staging.withdraw(four, &[2; 32]).await.expect("withdraws");
    assert!(hashes(staging).await.is_empty());
}

/// In the order of turns, whatever the time, and although what was seen goes away in between.
async fn pages_reach_everything_once(staging: &dyn CredentialStaging) {
    for (turn, each) in [
        (100, credential(8, 1, 41)),
        (104, credential(5, 1, 40)),
        (101, credential(7, 2, 41)),
        (103, credential(6, 1, 41)),
        (102, credential(7, 1, 41)),
    ] {
        let each = StagedCredential { turn, ..each };
        staging.stage(&each).await.expect("stages");
    }
    let mut last: Option<StagedCredential> = None;
    let mut seen = Vec::new();
    loop {
        let page = staging.staged(last.as_ref(), 2).await.expect("reads");
        for each in &page {
            seen.push(each.hash.expose().to_owned());
            let discarded = staging.discard(each.command, &each.fingerprint).await;
            discarded.expect("discards");
        }
        let Some(end) = page.into_iter().next_back() else {
            break;
        };
        last = Some(end);
    }
    let expected = ["8$1", "7$2", "7$1", "6$1", "5$1"].map(|end| format!("$argon2id${end}"));
    assert_eq!(seen, expected);
    assert!(hashes(staging).await.is_empty());
}
