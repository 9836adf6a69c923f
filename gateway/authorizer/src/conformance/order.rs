//! The order of passwords: an older one never replaces a newer one, and the newest is never lost.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::staging::{at, hashes};
use crate::passwords::PasswordHash;
use crate::staging::{CredentialStaging, CredentialTaker, NotTaken, StagedCredential, hand_over};

/// Runs everything, on a staging place in which nothing is staged, as two processes have it open.
pub(super) async fn all(one: &dyn CredentialStaging, other: &dyn CredentialStaging) {
    turns_only_grow(one, other).await;
    one_that_an_outage_left_behind_does_not_come_back(one, other).await;
    one_that_a_crash_left_unerased_does_not_come_back(one, other).await;
    one_that_a_crash_left_ungiven_is_not_lost(one, other).await;
    one_that_failed_in_a_look_does_not_come_back_in_the_next(one).await;
    one_whose_call_failed_keeps_its_turn(one).await;
    one_waits_while_the_provider_is_asked_to_take_another(one, other).await;
    two_that_look_at_once_give_in_order(one, other).await;
    one_of_a_repeat_has_the_turn_of_the_repeat(one, other).await;
    the_order_is_of_one_user(one).await;
}

/// Takes what it is given, unless it is down.
#[derive(Debug, Default)]
struct Provider {
    given: Mutex<Vec<String>>,
    is_down: AtomicBool,
    is_asked: AtomicBool,
    held: Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>,
}

impl Provider {
    fn given(&self) -> Vec<String> {
        self.given.lock().expect("not poisoned").clone()
    }

    /// Holds the next call: what tells that it has come, and what lets it go on.
    fn hold(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let (is_asked, asked) = oneshot::channel();
        let (release, released) = oneshot::channel();
        *self.held.lock().expect("not poisoned") = Some((is_asked, released));
        (asked, release)
    }

    fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }
}

#[async_trait]
impl CredentialTaker for Provider {
    async fn take(&self, _: &TenantId, _: UserId, hash: &PasswordHash) -> Result<(), NotTaken> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err("down".into());
        }
        let is_asked_twice = self.is_asked.swap(true, Ordering::SeqCst);
        assert!(!is_asked_twice, "two hand a user's password over at once");
        let held = self.held.lock().expect("not poisoned").take();
        if let Some((is_asked, release)) = held {
            is_asked.send(()).expect("awaited");
            release.await.expect("released");
        }
        self.is_asked.store(false, Ordering::SeqCst);
        let mut given = self.given.lock().expect("not poisoned");
        given.push(hash.expose().to_owned());
        Ok(())
    }
}

/// A user of a case, and the provider that they have to themselves.
struct Case {
    user: UserId,
    provider: Provider,
}

impl Case {
    fn new(number: u128) -> Self {
        Self {
            user: UserId(Uuid::from_u128(number)),
            provider: Provider::default(),
        }
    }

    async fn give(&self, staging: &dyn CredentialStaging, staged: &StagedCredential) -> bool {
        self.try_to_give(staging, staged).await.expect("gives")
    }

    async fn try_to_give(
        &self,
        staging: &dyn CredentialStaging,
        staged: &StagedCredential,
    ) -> Result<bool, crate::staging::HandOverError> {
        hand_over(staging, &self.provider, self.user, staged, at(60)).await
    }

    /// Begins to hand over, and dies at the one end of the provider's call or at the other.
    async fn crash(
        &self,
        staging: &dyn CredentialStaging,
        staged: &StagedCredential,
        is_given: bool,
    ) {
        let lock = staging.lock(&staged.tenant, self.user).await;
        let lock = lock.expect("locks");
        let taken = staging.take_turn(self.user, staged).await;
        assert!(taken.expect("takes its turn"));
        if is_given {
            let (tenant, hash) = (&staged.tenant, &staged.hash);
            let given = self.provider.take(tenant, self.user, hash).await;
            given.expect("takes the hash");
        }
        drop(lock);
    }
}

/// Stages under a command and the next turn, all at the same time.
async fn stage(staging: &dyn CredentialStaging, command: u128, hash: &str) -> StagedCredential {
    let staged = StagedCredential {
        command: Uuid::from_u128(command),
        fingerprint: [1; 32],
        tenant: TenantId::parse("default").expect("a tenant id"),
        hash: PasswordHash::from_stored(hash.to_owned()),
        staged_at: at(50),
        turn: staging.draw_turn().await.expect("draws"),
    };
    staging.stage(&staged).await.expect("stages");
    staged
}

async fn turns_only_grow(one: &dyn CredentialStaging, other: &dyn CredentialStaging) {
    let mut last = 0;
    for staging in [one, other, one, one, other] {
        let turn = staging.draw_turn().await.expect("draws");
        assert!(turn > last, "{turn} after {last}");
        last = turn;
    }
}

async fn one_that_an_outage_left_behind_does_not_come_back(
    one: &dyn CredentialStaging,
    other: &dyn CredentialStaging,
) {
    let case = Case::new(0xa);
    // In one second, and not in the order of their ids.
    let older = stage(one, 0xa2, "older").await;
    case.provider.set_down(true);
    case.try_to_give(one, &older).await.expect_err("down");
    case.provider.set_down(false);
    let newer = stage(one, 0xa1, "newer").await;
    assert_eq!(hashes(one).await, ["older", "newer"]);
    assert!(case.give(one, &newer).await);
    assert!(!case.give(other, &older).await);
    assert!(!case.give(other, &newer).await);
    assert_eq!(case.provider.given(), ["newer"]);
    assert!(hashes(one).await.is_empty());
}

async fn one_that_a_crash_left_unerased_does_not_come_back(
    one: &dyn CredentialStaging,
    other: &dyn CredentialStaging,
) {
    let case = Case::new(0xb);
    let first = stage(one, 0xb1, "first").await;
    case.crash(one, &first, true).await;
    assert!(case.give(other, &first).await, "nobody knows that it was");
    let older = stage(one, 0xb2, "older").await;
    case.crash(one, &older, true).await;
    let newer = stage(other, 0xb3, "newer").await;
    assert!(case.give(other, &newer).await);
    assert!(!case.give(other, &older).await);
    let given = case.provider.given();
    assert_eq!(given, ["first", "first", "older", "newer"]);
    assert!(hashes(one).await.is_empty());
}

async fn one_that_a_crash_left_ungiven_is_not_lost(
    one: &dyn CredentialStaging,
    other: &dyn CredentialStaging,
) {
    for (number, is_given) in [(0xc0, false), (0xd0, true)] {
        let case = Case::new(number);
        let older = stage(one, number + 1, "older").await;
        let newer = stage(one, number + 2, "newer").await;
        case.crash(one, &newer, is_given).await;
        assert!(!case.give(other, &older).await);
        assert!(case.give(other, &newer).await);
        let given = case.provider.given();
        assert!(given.iter().all(|hash| hash == "newer"), "{given:?}");
        assert!(hashes(one).await.is_empty());
    }
}

async fn one_that_failed_in_a_look_does_not_come_back_in_the_next(staging: &dyn CredentialStaging) {
    let case = Case::new(0xe);
    let older = stage(staging, 0xe2, "older").await;
    let newer = stage(staging, 0xe1, "newer").await;
    case.provider.set_down(true);
    case.try_to_give(staging, &older).await.expect_err("down");
    case.provider.set_down(false);
    assert!(case.give(staging, &newer).await);
    assert!(!case.give(staging, &older).await);
    assert_eq!(case.provider.given(), ["newer"]);
    assert!(hashes(staging).await.is_empty());
}

/// The provider may have taken what it did not answer.
async fn one_whose_call_failed_keeps_its_turn(staging: &dyn CredentialStaging) {
    let case = Case::new(0x13);
    let older = stage(staging, 0x132, "older").await;
    let newer = stage(staging, 0x131, "newer").await;
    case.provider.set_down(true);
    case.try_to_give(staging, &newer).await.expect_err("down");
    case.provider.set_down(false);
    assert!(!case.give(staging, &older).await);
    assert_eq!(hashes(staging).await, ["newer"]);
    assert!(case.give(staging, &newer).await);
    assert_eq!(case.provider.given(), ["newer"]);
}

/// More than the steps of a hand-over that does not wait.
const STEPS: usize = 50;

async fn one_waits_while_the_provider_is_asked_to_take_another(
    one: &dyn CredentialStaging,
    other: &dyn CredentialStaging,
) {
    let case = Case::new(0x14);
    let older = stage(one, 0x141, "older").await;
    let newer = stage(one, 0x142, "newer").await;
    let (asked, release) = case.provider.hold();
    let meanwhile = async {
        asked.await.expect("asked");
        let steps = async {
            for _ in 0..STEPS {
                other.draw_turn().await.expect("draws");
            }
            release.send(()).expect("awaited");
        };
        tokio::join!(case.give(other, &newer), steps);
    };
    tokio::join!(case.give(one, &older), meanwhile);
    assert_eq!(case.provider.given(), ["older", "newer"]);
    assert!(hashes(one).await.is_empty());
}

async fn two_that_look_at_once_give_in_order(
    one: &dyn CredentialStaging,
    other: &dyn CredentialStaging,
) {
    let case = Case::new(0xf);
    let mut all = Vec::new();
    for number in 0..8 {
        all.push(stage(one, 0xf00 - number, &number.to_string()).await);
    }
    let forward = async {
        for staged in &all {
            case.give(one, staged).await;
        }
    };
    let backward = async {
        for staged in all.iter().rev() {
            case.give(other, staged).await;
        }
    };
    tokio::join!(forward, backward);
    let given = case.provider.given();
    assert!(given.is_sorted(), "{given:?}");
    assert_eq!(given.last().map(String::as_str), Some("7"));
    assert!(hashes(one).await.is_empty());
}

/// The first request got nowhere, and the command was sent again after another one.
async fn one_of_a_repeat_has_the_turn_of_the_repeat(
    one: &dyn CredentialStaging,
    other: &dyn CredentialStaging,
) {
    let case = Case::new(0x10);
    let early = stage(one, 0x101, "repeated").await;
    let between = stage(one, 0x102, "between").await;
    assert!(case.give(one, &between).await);
    stage(other, 0x101, "repeated").await;
    // A twin that was under way all the time does not take the turn back.
    one.stage(&early).await.expect("stages");
    assert!(case.give(one, &early).await);
    assert_eq!(case.provider.given(), ["between", "repeated"]);
    assert!(hashes(one).await.is_empty());
}

async fn the_order_is_of_one_user(staging: &dyn CredentialStaging) {
    let (case, neighbour) = (Case::new(0x11), Case::new(0x12));
    let theirs = stage(staging, 0x111, "theirs").await;
    let elsewhere = StagedCredential {
        command: Uuid::from_u128(0x112),
        tenant: TenantId::parse("other").expect("a tenant id"),
        turn: staging.draw_turn().await.expect("draws"),
        ..theirs.clone()
    };
    staging.stage(&elsewhere).await.expect("stages");
    let own = stage(staging, 0x113, "own").await;
    assert!(case.give(staging, &own).await);
    assert!(neighbour.give(staging, &theirs).await);
    assert!(case.give(staging, &elsewhere).await);
}
