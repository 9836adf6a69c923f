//! A journal and a job store in a folder, and the reactor on them; users that a test makes up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use invoiceapp_domain::decider::{Actor, Context};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::party::EmailAddress;
use invoiceapp_domain::text::{Name, RoleCode};
use invoiceapp_domain::user::{Registration, User, UserCommand};
use invoiceapp_domain::{Ambient, StreamId, StreamKind, TenantId};
use invoiceapp_identity::{
    AccountSync, IdentityParts, IdentityReactor, KeycloakAccounts, RealmSettings,
};
use invoiceapp_journal::execute::{CommandExecutor, Execution};
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_runtime::sqlite::SqliteJobStore;
use invoiceapp_runtime::{
    JobFilter, JobRecord, JobStore, JournalFeed, ReactorRuntime, RuntimeParts, Settings, Start,
};
use invoiceapp_schemas::{CommandId, CommandStamp};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use uuid::Uuid;

/// The machine's clock, an hour further for every step of work: back-offs are over by then.
#[derive(Debug, Default)]
struct Clock {
    steps: AtomicU64,
}

impl Ambient for Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server on the other side has no other clock"
    )]
    fn now(&self) -> Timestamp {
        let hours = i64::try_from(self.steps.load(Ordering::Relaxed)).unwrap();
        Timestamp::now() + SignedDuration::from_hours(hours)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "names that no other run has used"
    )]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

pub(crate) struct World {
    pub(crate) sync: AccountSync,
    runtime: ReactorRuntime,
    jobs: Arc<SqliteJobStore>,
    executor: CommandExecutor,
    clock: Arc<Clock>,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn open(settings: &RealmSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Clock::default());
        let ambient: Arc<dyn Ambient> = clock.clone();
        let options = SqliteOptions::new(folder.path().join("journal.db"));
        let journal = SqliteJournal::open(options, Arc::clone(&ambient)).await;
        let journal = Arc::new(journal.unwrap());
        let executor = CommandExecutor::new(journal.clone());
        let jobs = SqliteJobStore::open(&folder.path().join("jobs.db")).await;
        let jobs = Arc::new(jobs.unwrap());
        let accounts = KeycloakAccounts::new(settings, Arc::clone(&ambient)).unwrap();
        let sync = AccountSync::new(Arc::new(accounts), executor.clone());
        let reactor = IdentityReactor::new(IdentityParts { sync: sync.clone() });
        let parts = RuntimeParts {
            feed: Arc::new(JournalFeed::new(journal)),
            jobs: jobs.clone(),
            ambient,
            settings: Settings::default(),
        };
        let runtime = ReactorRuntime::new(Arc::new(reactor), parts);
        runtime.register(Start::Beginning).await.unwrap();
        Self {
            sync,
            runtime,
            jobs,
            executor,
            clock,
            _folder: folder,
        }
    }

    /// Plans what is new and works on what is due an hour later.
    pub(crate) async fn work(&self) -> usize {
        self.clock.steps.fetch_add(1, Ordering::Relaxed);
        self.runtime.plan_available().await.unwrap();
        self.runtime.run_due().await.unwrap()
    }

    pub(crate) async fn jobs(&self) -> Vec<JobRecord> {
        self.jobs.list(&JobFilter::default()).await.unwrap()
    }

    pub(crate) async fn register(&self, tenant: &str, email: &str, roles: &[&str]) -> StreamId {
        let tenant = TenantId::parse(tenant).unwrap();
        let stream = StreamId::new(tenant, StreamKind::User, UserId(self.clock.new_id()));
        let roles = roles.iter().map(|role| RoleCode::parse(role).unwrap());
        let registration = Registration {
            email: EmailAddress::parse(email).unwrap(),
            first_name: Name::parse("Zoë <b>").unwrap(),
            last_name: Name::parse("O'Neill & Söhne % \"x\"").unwrap(),
            roles: roles.collect(),
        };
        self.command(&stream, UserCommand::Register(registration))
            .await;
        stream
    }

    pub(crate) async fn command(&self, stream: &StreamId, command: UserCommand) {
        let id = CommandId(self.clock.new_id());
        let context = Context {
            tenant: stream.tenant.clone(),
            actor: Actor::System("test".to_owned()),
            now: self.clock.now(),
            today: jiff::civil::date(2026, 11, 22),
        };
        let stamp = CommandStamp {
            id,
            fingerprint: [0; 32],
        };
        let execution = Execution::new(stream.clone(), stamp, context, id.0);
        let executed = self.executor.execute::<User>(execution, command).await;
        executed.unwrap();
    }
}
