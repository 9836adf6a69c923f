//! Rights while the views stand still, have lost what they had, or cannot be relied on for a user.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use invoiceapp_access::{Grants, PermissionSource};
use invoiceapp_domain::decider::{Actor, Context};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::party::EmailAddress;
use invoiceapp_domain::role::{Role, RoleCommand, RoleDefinition};
use invoiceapp_domain::text::Name;
use invoiceapp_domain::user::{Registration, User, UserCommand};
use invoiceapp_domain::{Ambient, Decider, Permission, StreamId, StreamKind, TenantId};
use invoiceapp_journal::execute::{CommandExecutor, Execution};
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_projections::projector::Projector;
use invoiceapp_projections::sqlite::SqliteViewStore;
use invoiceapp_projections::store::Changes;
use invoiceapp_projections::{BuiltViews, ParkedKey, VIEW_AGE_MAX, ViewStore, Views};
use invoiceapp_schemas::{CommandId, CommandStamp};
use invoiceapp_service::SteadyGrants;
use jiff::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;

use crate::counted::Counted;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

#[derive(Debug)]
struct Standstill;

impl Ambient for Standstill {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn new_id(&self) -> Uuid {
        Uuid::nil()
    }
}

/// A user with the role `clerk`, which may create invoices, and views that have seen both.
struct World {
    journal: Arc<Counted>,
    executor: CommandExecutor,
    store: Arc<dyn ViewStore>,
    projector: Projector,
    grants: SteadyGrants,
    commands: AtomicU32,
    folder: TempDir,
}

fn tenant() -> TenantId {
    TenantId::parse("default").unwrap()
}

const fn user() -> UserId {
    UserId(Uuid::from_u128(0x77))
}

fn user_stream() -> StreamId {
    StreamId::new(tenant(), StreamKind::User, user())
}

fn role_stream() -> StreamId {
    StreamId::new(tenant(), StreamKind::Role, "clerk")
}

fn revocation() -> UserCommand {
    UserCommand::RevokeRole {
        role: "clerk".parse().unwrap(),
        other_administrator: true,
    }
}

fn disabling() -> UserCommand {
    UserCommand::Disable {
        other_administrator: true,
    }
}

impl World {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(folder.path().join("journal.db"));
        let journal = SqliteJournal::open(options, Arc::new(Standstill)).await;
        let journal = Arc::new(Counted::of(Arc::new(journal.unwrap())));
        let executor = CommandExecutor::new(journal.clone());
        let store = SqliteViewStore::open(&folder.path().join("views.db")).await;
        let store: Arc<dyn ViewStore> = Arc::new(store.unwrap());
        let (projector, _) = Projector::new(journal.clone(), Arc::clone(&store));
        let views = Views::of_another_process(Arc::clone(&store));
        let world = Self {
            grants: SteadyGrants::new(views, executor.clone()),
            journal,
            executor,
            store,
            projector,
            commands: AtomicU32::new(0),
            folder,
        };
        world.fill().await;
        world
    }

    async fn fill(&self) {
        let role = RoleDefinition {
            code: "clerk".parse().unwrap(),
            name: Name::parse("Clerk").unwrap(),
            description: None,
            permissions: BTreeSet::from([Permission::InvoiceCreate]),
            system: false,
        };
        self.run::<Role>(role_stream(), RoleCommand::Define(role))
            .await;
        let registration = Registration {
            email: EmailAddress::parse("ada@example.com").unwrap(),
            first_name: Name::parse("Ada").unwrap(),
            last_name: Name::parse("Byron").unwrap(),
            roles: BTreeSet::from(["clerk".parse().unwrap()]),
        };
        self.run::<User>(user_stream(), UserCommand::Register(registration))
            .await;
        self.projector.catch_up().await.unwrap();
    }

    async fn run<A: Decider>(&self, stream: StreamId, command: A::Command) {
        let number = self.commands.fetch_add(1, Ordering::Relaxed) + 1;
        let stamp = CommandStamp {
            id: CommandId(Uuid::from_u128(u128::from(number))),
            fingerprint: [1; 32],
        };
        let context = Context {
            tenant: tenant(),
            actor: Actor::System("test".to_owned()),
            now: Standstill.now(),
            today: jiff::civil::date(2027, 1, 15),
        };
        let execution = Execution::new(stream, stamp, context, Uuid::nil());
        let executed = self.executor.execute::<A>(execution, command).await;
        executed.unwrap();
    }

    async fn granted(&self) -> Option<Grants> {
        self.grants.grants(&tenant(), user()).await.unwrap()
    }

    async fn may_create(&self) -> bool {
        let granted = self.granted().await;
        granted.is_some_and(|it| it.permissions.contains(&Permission::InvoiceCreate))
    }

    /// How long the right is still there.
    async fn right_lasts(&self) -> Duration {
        let began = Instant::now();
        while self.may_create().await {
            assert!(began.elapsed() < LONG, "the right is still there");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
    }

    /// Parks a stream, as a projector does that cannot fold its next event.
    async fn park(&self, stream: StreamId) {
        let from = self.store.checkpoint().await.unwrap();
        let head = self.executor.journal().head().await.unwrap().position;
        let parked = ParkedKey {
            stream,
            position: head,
            reason: "unreadable".to_owned(),
        };
        let changes = Changes {
            parked: vec![parked],
            ..Changes::default()
        };
        self.store.apply(from, head, changes).await.unwrap();
    }
}

#[tokio::test]
async fn a_role_that_is_taken_away_stops_working_while_the_views_stand_still() {
    let world = World::open().await;
    assert!(world.may_create().await);
    world.run::<User>(user_stream(), revocation()).await;
    let lasted = world.right_lasts().await;
    // The rest is for a busy machine.
    assert!(lasted < VIEW_AGE_MAX * 2, "{lasted:?}");
    assert!(world.granted().await.is_some(), "the user is still there");
}

#[tokio::test]
async fn a_disabled_user_is_nobody_while_the_views_stand_still() {
    let world = World::open().await;
    assert!(world.may_create().await);
    world.run::<User>(user_stream(), disabling()).await;
    world.right_lasts().await;
    assert!(world.granted().await.is_none());
}

#[tokio::test]
async fn a_permission_that_a_role_loses_is_gone_while_the_views_stand_still() {
    let world = World::open().await;
    assert!(world.may_create().await);
    world.run::<Role>(role_stream(), RoleCommand::Remove).await;
    world.right_lasts().await;
}

#[tokio::test]
async fn what_changes_while_the_journal_is_read_counts_too() {
    let world = World::open().await;
    world.run::<User>(user_stream(), revocation()).await;
    world.right_lasts().await;
    let role = "clerk".parse().unwrap();
    world
        .run::<User>(user_stream(), UserCommand::AssignRole { role })
        .await;
    let assigned = async {
        while !world.may_create().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, assigned).await.unwrap();
    world.run::<User>(user_stream(), disabling()).await;
    world.right_lasts().await;
}

#[tokio::test]
async fn a_user_or_a_role_that_is_parked_is_read_from_the_journal() {
    for parked in [user_stream(), role_stream()] {
        let world = World::open().await;
        world.run::<User>(user_stream(), revocation()).await;
        world.park(parked).await;
        world.right_lasts().await;
        let grants = world.granted().await.unwrap();
        assert!(grants.permissions.is_empty());
    }
}

#[tokio::test]
async fn a_long_outage_of_the_views_does_not_read_the_journal_for_every_request() {
    let world = World::open().await;
    world.run::<User>(user_stream(), revocation()).await;
    world.right_lasts().await;
    let (read, began) = (world.journal.stream_reads(), Instant::now());
    for _ in 0..1_000 {
        assert!(!world.may_create().await);
    }
    let seconds = u32::try_from(began.elapsed().as_secs()).unwrap();
    let read = world.journal.stream_reads() - read;
    // A user and the roles that there are, which are none, for every second that has begun.
    assert!(read <= seconds + 1, "{read} reads in {seconds} s");
}

#[tokio::test]
async fn views_that_follow_cost_the_journal_no_read_of_a_stream() {
    let world = World::open().await;
    assert!(world.may_create().await);
    let read = world.journal.stream_reads();
    for _ in 0..1_000 {
        assert!(world.may_create().await);
    }
    assert_eq!(world.journal.stream_reads(), read);
}

#[tokio::test]
async fn rights_come_from_the_views_for_as_long_as_the_journal_is_away() {
    let world = World::open().await;
    assert!(world.may_create().await);
    world.journal.is_away.store(true, Ordering::Relaxed);
    let (asked, began) = (world.journal.head_reads(), Instant::now());
    while world.journal.head_reads() < asked + 4 {
        assert!(world.may_create().await);
        assert!(began.elapsed() < LONG);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(began.elapsed() > VIEW_AGE_MAX);
}

#[tokio::test]
async fn views_that_are_being_built_turn_nobody_away() {
    let world = World::open().await;
    let empty = SqliteViewStore::open(&world.folder.path().join("empty.db")).await;
    let empty: Arc<dyn ViewStore> = Arc::new(empty.unwrap());
    let head = world.executor.journal().head().await.unwrap().position;
    // Nothing is in them, and yet they have reached the head, as they seem to in their last moment.
    empty.apply(0, head, Changes::default()).await.unwrap();
    for store in [Arc::clone(&empty), Arc::new(BuiltViews::new(empty))] {
        let views = Views::of_another_process(store);
        let grants = SteadyGrants::new(views, world.executor.clone());
        let granted = grants.grants(&tenant(), user()).await.unwrap();
        let granted = granted.unwrap();
        assert!(granted.permissions.contains(&Permission::InvoiceCreate));
    }
}
