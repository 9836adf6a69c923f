//! What becomes of a staged hash when nobody finishes the command that staged it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use invoiceapp_domain::decider::{Actor, Context};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::party::EmailAddress;
use invoiceapp_domain::text::Name;
use invoiceapp_domain::user::{Registration, User, UserCommand};
use invoiceapp_domain::{Ambient, StreamId, StreamKind, TenantId};
use invoiceapp_journal::execute::{CommandExecutor, Execution};
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_schemas::{CommandId, CommandStamp};
use invoiceapp_service::user_access::{
    CredentialHandOver, CredentialStore, HashedPassword, Password, PasswordError, StagedCredential,
};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use uuid::Uuid;

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

/// A staging place and a provider in memory.
#[derive(Debug, Default)]
struct Memory {
    staged: Mutex<Vec<StagedCredential>>,
    taken: Mutex<Vec<(UserId, String)>>,
    provider_is_down: AtomicBool,
}

#[async_trait]
impl CredentialStore for Memory {
    async fn hash(&self, _: Password, _: &[u8]) -> Result<HashedPassword, PasswordError> {
        Err(PasswordError::Refused("no test hashes".to_owned()))
    }

    async fn stage(&self, staged: &StagedCredential) -> Result<(), PasswordError> {
        self.staged.lock().unwrap().push(staged.clone());
        Ok(())
    }

    async fn staged_by(&self, command: CommandId) -> Result<Vec<StagedCredential>, PasswordError> {
        let mut staged = self.staged.lock().unwrap().clone();
        staged.retain(|it| it.stamp.id == command);
        Ok(staged)
    }

    async fn staged(&self, _: u32) -> Result<Vec<StagedCredential>, PasswordError> {
        Ok(self.staged.lock().unwrap().clone())
    }

    async fn hand_over(
        &self,
        user: UserId,
        staged: &StagedCredential,
    ) -> Result<(), PasswordError> {
        if self.provider_is_down.load(Ordering::SeqCst) {
            return Err(PasswordError::Unavailable("down".into()));
        }
        self.taken
            .lock()
            .unwrap()
            .push((user, staged.hash.0.clone()));
        self.discard(staged.stamp.id).await
    }

    async fn discard(&self, command: CommandId) -> Result<(), PasswordError> {
        self.staged
            .lock()
            .unwrap()
            .retain(|it| it.stamp.id != command);
        Ok(())
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
        };
        self.memory.stage(&staged).await.unwrap();
    }

    async fn commit(&self, number: u128, user: UserId) {
        let stream = StreamId::new(tenant(), StreamKind::User, user);
        let context = Context {
            tenant: tenant(),
            actor: Actor::System("test".to_owned()),
            now: self.clock.now(),
            today: jiff::civil::date(2027, 1, 15),
        };
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

    fn taken(&self) -> Vec<(UserId, String)> {
        self.memory.taken.lock().unwrap().clone()
    }

    fn staged_count(&self) -> usize {
        self.memory.staged.lock().unwrap().len()
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
async fn of_two_passwords_under_one_key_none_is_guessed_to_be_the_right_one() {
    let world = World::open().await;
    world.stage(stamp(1), "hash one").await;
    let rival = CommandStamp {
        fingerprint: [2; 32],
        ..stamp(1)
    };
    world.stage(rival, "hash two").await;
    world.commit(1, UserId(Uuid::from_u128(0x77))).await;
    assert_eq!(world.hand_over.look().await.unwrap(), 0);
    assert_eq!(world.staged_count(), 0);
    assert!(world.taken().is_empty());
}
