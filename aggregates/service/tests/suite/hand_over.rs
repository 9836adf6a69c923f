//! What becomes of a staged hash when nobody finishes the command that staged it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use invoiceapp_domain::decider::{Actor, Context};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::party::EmailAddress;
use invoiceapp_domain::text::Name;
use invoiceapp_domain::user::{ProfileChange, Registration, User, UserCommand};
use invoiceapp_domain::{Ambient, StreamId, StreamKind, TenantId};
use invoiceapp_journal::execute::{CommandExecutor, Execution};
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_schemas::{CommandId, CommandStamp};
use invoiceapp_service::user_access::{
    CredentialHandOver, CredentialStore, HashedPassword, STAGED_PAGE_MAX, StagedCredential,
};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use uuid::Uuid;

use crate::memory::Memory;

#[derive(Debug)]
struct Clock(Mutex<Timestamp>);

impl Ambient for Clock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn new_id(&self) -> Uuid {
        Uuid::nil()
    }
}

struct World {
    memory: Arc<Memory>,
    clock: Arc<Clock>,
    hand_over: CredentialHandOver,
    _folder: TempDir,
}

fn tenant() -> TenantId {
    TenantId::parse("default").unwrap()
}

fn stamp(number: u128) -> CommandStamp {
    CommandStamp {
        id: CommandId(Uuid::from_u128(number)),
        fingerprint: [1; 32],
    }
}

impl World {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let clock = Arc::new(Clock(Mutex::new(now)));
        let options = SqliteOptions::new(folder.path().join("journal.db"));
        let journal = SqliteJournal::open(options, clock.clone()).await.unwrap();
        let memory = Arc::new(Memory::default());
        let hand_over = CredentialHandOver {
            credentials: memory.clone(),
            executor: CommandExecutor::new(Arc::new(journal)),
            ambient: clock.clone(),
        };
        Self {
            memory,
            clock,
            hand_over,
            _folder: folder,
        }
    }

    async fn stage(&self, stamp: CommandStamp, hash: &str) {
        let staged = StagedCredential {
            stamp,
            tenant: tenant(),
            hash: HashedPassword(hash.to_owned()),
            staged_at: self.clock.now(),
            turn: self.memory.draw_turn().await.unwrap(),
        };
        self.memory.stage(&staged).await.unwrap();
    }

    fn context(&self) -> Context {
        Context {
            tenant: tenant(),
            actor: Actor::System("test".to_owned()),
            now: self.clock.now(),
            today: jiff::civil::date(2027, 1, 15),
        }
    }

    async fn commit(&self, number: u128, user: UserId) {
        let stream = StreamId::new(tenant(), StreamKind::User, user);
        let context = self.context();
        let email = format!("user{number}@example.com");
        let command = UserCommand::Register(Registration {
            email: EmailAddress::parse(&email).unwrap(),
            first_name: Name::parse("Ada").unwrap(),
            last_name: Name::parse("Byron").unwrap(),
            roles: Default::default(),
        });
        let execution = Execution::new(stream, stamp(number), context, Uuid::nil());
        let executor = &self.hand_over.executor;
        executor.execute::<User>(execution, command).await.unwrap();
    }

    /// Commits a command that changes nothing but the password.
    async fn commit_change(&self, number: u128, user: UserId) {
        let stream = StreamId::new(tenant(), StreamKind::User, user);
        let context = self.context();
        let command = UserCommand::ChangeProfile(ProfileChange::default());
        let execution = Execution::new(stream, stamp(number), context, Uuid::nil());
        let executor = &self.hand_over.executor;
        executor.execute::<User>(execution, command).await.unwrap();
    }

    fn taken(&self) -> Vec<(UserId, String)> {
        self.memory.taken()
    }

    fn staged_count(&self) -> usize {
        self.memory.staged_count()
    }
}

#[tokio::test]
async fn a_committed_commands_hash_reaches_the_user_of_its_receipt_once() {
    let world = World::open().await;
    let user = UserId(Uuid::from_u128(0x77));
    world.stage(stamp(1), "hash one").await;
    assert_eq!(world.hand_over.look().await.unwrap(), 0);
    world.commit(1, user).await;
    assert_eq!(world.hand_over.look().await.unwrap(), 1);
    assert_eq!(world.hand_over.look().await.unwrap(), 0);
    assert_eq!(world.taken(), [(user, "hash one".to_owned())]);
}

#[tokio::test]
async fn a_hash_waits_for_a_provider_that_is_down() {
    let world = World::open().await;
    let user = UserId(Uuid::from_u128(0x77));
    world.stage(stamp(1), "hash one").await;
    world.commit(1, user).await;
    let is_down = &world.memory.provider_is_down;
    is_down.store(true, Ordering::SeqCst);
    assert_eq!(world.hand_over.look().await.unwrap(), 0);
    assert_eq!(world.staged_count(), 1);
    for number in 2..6 {
        world.stage(stamp(number), "another").await;
        world.commit(number, UserId(Uuid::from_u128(number))).await;
    }
    assert!(world.hand_over.look().await.is_err(), "gives up early");
    is_down.store(false, Ordering::SeqCst);
    assert_eq!(world.hand_over.look().await.unwrap(), 5);
    assert_eq!(world.staged_count(), 0);
}

#[tokio::test]
async fn a_hash_whose_command_never_committed_is_discarded_after_a_day() {
    let world = World::open().await;
    world.stage(stamp(1), "hash one").await;
    let day = SignedDuration::from_hours(24);
    *world.clock.0.lock().unwrap() += day;
    world.hand_over.look().await.unwrap();
    assert_eq!(world.staged_count(), 1);
    *world.clock.0.lock().unwrap() += SignedDuration::from_secs(1);
    world.hand_over.look().await.unwrap();
    assert_eq!(world.staged_count(), 0);
    assert!(world.taken().is_empty());
}

#[tokio::test]
async fn of_two_passwords_under_one_key_the_committed_commands_counts() {
    let world = World::open().await;
    let rival = CommandStamp {
        fingerprint: [0; 32],
        ..stamp(1)
    };
    world.stage(rival, "hash two").await;
    world.stage(stamp(1), "hash one").await;
    let user = UserId(Uuid::from_u128(0x77));
    world.commit(1, user).await;
    assert_eq!(world.hand_over.look().await.unwrap(), 1);
    assert_eq!(world.staged_count(), 0);
    assert_eq!(world.taken(), [(user, "hash one".to_owned())]);
}

#[tokio::test]
async fn a_password_that_another_command_under_its_key_overtook_is_discarded() {
    let world = World::open().await;
    let overtaken = CommandStamp {
        fingerprint: [2; 32],
        ..stamp(1)
    };
    world.stage(overtaken, "hash two").await;
    world.commit(1, UserId(Uuid::from_u128(0x77))).await;
    assert_eq!(world.hand_over.look().await.unwrap(), 0);
    assert_eq!(world.staged_count(), 0);
    assert!(world.taken().is_empty());
}

#[tokio::test]
async fn a_hash_is_found_behind_any_number_of_those_that_wait() {
    let world = World::open().await;
    let waiting = u128::from(STAGED_PAGE_MAX) * 2 + 1;
    for number in 0..waiting {
        world.stage(stamp(0x1000 + number), "waits").await;
    }
    *world.clock.0.lock().unwrap() += SignedDuration::from_secs(1);
    let user = UserId(Uuid::from_u128(0x77));
    world.stage(stamp(1), "hash one").await;
    world.commit(1, user).await;
    assert_eq!(world.hand_over.look().await.unwrap(), 1);
    assert_eq!(world.taken(), [(user, "hash one".to_owned())]);
    assert_eq!(u128::try_from(world.staged_count()).unwrap(), waiting);
}

#[tokio::test]
async fn passwords_of_one_second_reach_the_user_in_their_order() {
    let world = World::open().await;
    let user = UserId(Uuid::from_u128(0x77));
    world.stage(stamp(9), "hash nine").await;
    world.commit(9, user).await;
    for (number, hash) in [(3, "hash three"), (1, "hash one"), (2, "hash two")] {
        world.stage(stamp(number), hash).await;
        world.commit_change(number, user).await;
    }
    assert_eq!(world.hand_over.look().await.unwrap(), 4);
    let hashes: Vec<String> = world.taken().into_iter().map(|(_, hash)| hash).collect();
    assert_eq!(hashes, ["hash nine", "hash three", "hash one", "hash two"]);
}
