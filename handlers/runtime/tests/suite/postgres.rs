//! The PostgreSQL adapter, alone and with several processes at the same time.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use invoiceapp_domain::{Ambient, StreamId, StreamKind, TenantId};
use invoiceapp_parts as parts;
use invoiceapp_runtime::postgres::{PostgresJobStore, PostgresOptions};
use invoiceapp_runtime::{
    Feed, JobFilter, JobSource, JobState, JobStore, JobStoreError, NewJob, PlanBatch, PlannedJob,
    Reactor, ReactorRuntime, RuntimeParts, Settings, Start, Verdict, conformance,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::harness::{REACTOR, Step, World};

/// Longest wait for anything; nothing comes near it unless it is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// The machine's clock, and how wrong it is.
#[derive(Debug, Default)]
struct Machine {
    wrong_by: SignedDuration,
}

impl Ambient for Machine {
    #[expect(clippy::disallowed_methods, reason = "this is the port")]
    fn now(&self) -> Timestamp {
        Timestamp::now() + self.wrong_by
    }

    #[expect(clippy::disallowed_methods, reason = "this is the port")]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// A schema of the test's own.
struct Database {
    schema: String,
}

impl Database {
    fn new() -> Self {
        let schema = parts::unique("jobs");
        Self { schema }
    }

    fn options(&self) -> PostgresOptions {
        PostgresOptions::new(SecretString::from(parts::postgres_url())).with_schema(&self.schema)
    }

    /// The store as another process would open it.
    async fn open(&self) -> PostgresJobStore {
        PostgresJobStore::connect(&self.options()).await.unwrap()
    }

    async fn operator() -> PgConnection {
        let options = PgConnectOptions::from_str(&parts::postgres_url()).unwrap();
        options.connect().await.unwrap()
    }

    async fn drop(self) {
        let statement = format!("DROP SCHEMA {} CASCADE", self.schema);
        let mut operator = Self::operator().await;
        sqlx::query(&statement)
            .execute(&mut operator)
            .await
            .unwrap();
        operator.close().await.unwrap();
    }
}

/// A runtime as a process of its own would have it, on the machine's clock.
fn process(world: &World, jobs: &PostgresJobStore, settings: Settings) -> ReactorRuntime {
    let parts = RuntimeParts {
        feed: Arc::clone(&world.feed) as Arc<dyn Feed>,
        jobs: Arc::new(jobs.clone()),
        ambient: Arc::new(Machine::default()),
        settings,
    };
    ReactorRuntime::new(Arc::clone(&world.reactor) as Arc<dyn Reactor>, parts)
}

async fn until_all_are(jobs: &PostgresJobStore, state: JobState, count: usize) {
    let filter = JobFilter {
        state: Some(state),
        ..JobFilter::default()
    };
    let waiting = async {
        while jobs.list(&filter).await.unwrap().len() < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

fn planned(dedupe_key: &str, key: &str, position: u64) -> PlannedJob {
    let tenant = TenantId::parse("default").unwrap();
    PlannedJob {
        job: NewJob {
            dedupe_key: dedupe_key.to_owned(),
            key: key.to_owned(),
            payload: serde_json::Value::Null,
        },
        source: JobSource {
            stream: StreamId::new(tenant, StreamKind::Invoice, key),
            version: position,
            position,
            event_id: Uuid::from_u128(u128::from(position)),
            correlation_id: Uuid::nil(),
            traceparent: None,
        },
        ordinal: 0,
        parked: None,
    }
}

async fn plan(jobs: &PostgresJobStore, batch: PlanBatch) {
    let from = jobs.checkpoint(REACTOR).await.unwrap().unwrap();
    let range = (from, from + 1);
    assert!(
        jobs.commit_plan(REACTOR, range, &batch, Machine::default().now())
            .await
            .unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: PostgreSQL"]
async fn postgres_conforms_to_the_port() {
    let database = Database::new();
    let jobs = database.open().await;
    conformance::all(&jobs).await;
    jobs.close().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: PostgreSQL"]
async fn processes_that_start_together_make_one_store() {
    let database = Database::new();
    let stores = futures::future::join_all((0..4).map(|_| database.open())).await;
    let registering = stores
        .iter()
        .map(|jobs| jobs.register(REACTOR, 7, Timestamp::UNIX_EPOCH));
    for registered in futures::future::join_all(registering).await {
        assert_eq!(registered.unwrap(), 7);
    }
    let again = database.open().await;
    assert_eq!(again.checkpoint(REACTOR).await.unwrap(), Some(7));
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: PostgreSQL"]
async fn two_processes_share_the_work_and_do_none_of_it_twice() {
    const JOBS: usize = 120;
    const KEYS: usize = 20;
    let database = Database::new();
    let world = World::new().await;
    let (first, second) = (database.open().await, database.open().await);
    let cancel = CancellationToken::new();
    let mut running = Vec::new();
    for jobs in [&first, &second] {
        let runtime = process(&world, jobs, Settings::default());
        runtime.register(Start::Beginning).await.unwrap();
        running.push(tokio::spawn(runtime.run(cancel.clone())));
    }
    for number in 0..JOBS {
        let key = format!("k{}", number % KEYS);
        world.feed.push("Wanted", &key, &format!("{number:03}"));
    }
    until_all_are(&first, JobState::Done, JOBS).await;
    cancel.cancel();
    for run in running {
        run.await.unwrap().unwrap();
    }

    let acted = world.reactor.acted();
    assert_eq!(acted.len(), JOBS, "{acted:?}");
    assert_eq!(acted.iter().collect::<BTreeSet<_>>().len(), JOBS);
    let mut last: HashMap<usize, &String> = HashMap::new();
    for number in &acted {
        let key = number.parse::<usize>().unwrap() % KEYS;
        let before = last.insert(key, number);
        assert!(before.is_none_or(|before| before < number), "{acted:?}");
    }
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: PostgreSQL"]
async fn claims_at_the_same_time_are_for_different_jobs_of_different_keys() {
    let database = Database::new();
    let stores = [database.open().await, database.open().await];
    let now = Machine::default().now();
    stores[0].register(REACTOR, 0, now).await.unwrap();
    let jobs = (1..=40).map(|number| {
        let key = format!("k{}", number % 10);
        planned(&format!("job-{number}"), &key, number)
    });
    let batch = PlanBatch {
        jobs: jobs.collect(),
        ..PlanBatch::default()
    };
    plan(&stores[0], batch).await;

    let mut claiming = tokio::task::JoinSet::new();
    for number in 0..32 {
        let jobs = stores[number % 2].clone();
        let until = now + SignedDuration::from_hours(1);
        claiming.spawn(async move {
            let now = Machine::default().now();
            jobs.claim(REACTOR, now, until).await.unwrap()
        });
    }
    let claims = claiming.join_all().await;
    let keys: Vec<String> = claims
        .into_iter()
        .flatten()
        .map(|claim| claim.job.key)
        .collect();
    let distinct: BTreeSet<_> = keys.iter().collect();
    assert_eq!((keys.len(), distinct.len()), (10, 10), "{keys:?}");
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: PostgreSQL"]
async fn the_job_of_a_process_that_vanished_is_done_by_another() {
    let database = Database::new();
    let mut world = World::new().await;
    let (dying, heir) = (database.open().await, database.open().await);
    let settings = Settings {
        lease: Duration::from_secs(2),
        ..Settings::default()
    };
    world.feed.push("Wanted", "a", "job");
    world.feed.push("Wanted", "a", "later");
    world.reactor.script("job", [Step::HangAfterStart]);

    let runtime = process(&world, &dying, settings.clone());
    runtime.register(Start::Beginning).await.unwrap();
    // Dropped with everything it runs, as by kill -9: nothing is finished, no lease is given back.
    let vanishing = tokio::spawn(async move {
        runtime.plan_available().await.unwrap();
        runtime.run_due().await
    });
    assert_eq!(world.begun.recv().await.unwrap(), "job");
    assert_eq!(world.begun.recv().await.unwrap(), "job is marked");
    vanishing.abort();
    assert!(vanishing.await.unwrap_err().is_cancelled());
    dying.close().await;

    let cancel = CancellationToken::new();
    let runtime = process(&world, &heir, settings);
    let run = tokio::spawn(runtime.run(cancel.clone()));
    until_all_are(&heir, JobState::Done, 2).await;
    cancel.cancel();
    run.await.unwrap().unwrap();
    let acts = world.reactor.acts.lock().unwrap().clone();
    let acts: Vec<_> = acts
        .iter()
        .map(|act| (act.dedupe_key.as_str(), act.attempt, act.interrupted))
        .collect();
    let expected = [("job", 1, false), ("job", 1, true), ("later", 1, false)];
    assert_eq!(acts, expected);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_process_that_was_paused_past_its_lease_completes_nothing() {
    let database = Database::new();
    let world = World::new().await;
    let (zombie, heir) = (database.open().await, database.open().await);
    zombie
        .register(REACTOR, 0, Machine::default().now())
        .await
        .unwrap();
    let batch = PlanBatch {
        jobs: vec![planned("job", "a", 1)],
        ..PlanBatch::default()
    };
    plan(&zombie, batch).await;
    // Paused right after its claim, whose lease runs out in the pause.
    let now = Machine::default().now();
    let claim = zombie.claim(REACTOR, now, now).await.unwrap().unwrap();
    let runtime = process(&world, &heir, Settings::default());
    assert_eq!(runtime.run_due().await.unwrap(), 1);

    let now = Machine::default().now();
    assert!(!zombie.renew(claim.ticket, now).await.unwrap());
    assert!(!zombie.mark_started(claim.ticket).await.unwrap());
    let park = Verdict::Park {
        reason: "too late".to_owned(),
        cut: false,
    };
    assert!(!zombie.finish(claim.ticket, &park, now).await.unwrap());
    until_all_are(&heir, JobState::Done, 1).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_wake_and_a_wait_that_meet_never_miss_each_other() {
    const ROUNDS: u64 = 60;
    let database = Database::new();
    let (waker, waiter) = (database.open().await, database.open().await);
    let machine = Machine::default();
    waker.register(REACTOR, 0, machine.now()).await.unwrap();
    for round in 0..ROUNDS {
        let (name, fact) = (format!("job-{round}"), format!("fact-{round}"));
        let batch = PlanBatch {
            jobs: vec![planned(&name, &name, round + 1)],
            ..PlanBatch::default()
        };
        plan(&waker, batch).await;
        let hour = SignedDuration::from_hours(1);
        let far = machine.now() + hour;
        let claim = waiter.claim(REACTOR, machine.now(), far).await.unwrap();
        let claim = claim.unwrap();
        let wake = PlanBatch {
            wake: vec![fact.clone()],
            ..PlanBatch::default()
        };
        let wait = Verdict::Wait {
            wake_on: fact,
            due_at: far,
        };
        let (_, waited) = tokio::join!(
            plan(&waker, wake),
            waiter.finish(claim.ticket, &wait, machine.now())
        );
        assert!(waited.unwrap());
        let again = waiter.claim(REACTOR, machine.now(), far).await.unwrap();
        let again = again.unwrap_or_else(|| panic!("round {round}: the wake was lost"));
        assert_eq!(again.job.id, claim.job.id);
        let finished = waiter.finish(again.ticket, &Verdict::Done, machine.now());
        assert!(finished.await.unwrap());
    }
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: PostgreSQL"]
async fn what_one_process_plans_is_news_to_another() {
    let database = Database::new();
    let (here, there) = (database.open().await, database.open().await);
    here.register(REACTOR, 0, Machine::default().now())
        .await
        .unwrap();
    let mut news = there.subscribe(REACTOR).unwrap();
    // Nobody knows what was said before.
    let heard = tokio::time::timeout(PATIENCE, news.changed());
    heard.await.unwrap().unwrap();
    // That it listens may be what is heard of the first. Of the second it is what was said.
    for (dedupe_key, position) in [("first", 1), ("second", 2)] {
        let batch = PlanBatch {
            jobs: vec![planned(dedupe_key, "a", position)],
            ..PlanBatch::default()
        };
        plan(&here, batch).await;
        let heard = tokio::time::timeout(PATIENCE, news.changed());
        heard.await.unwrap().unwrap();
    }
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: PostgreSQL"]
async fn machines_with_wrong_clocks_agree_on_the_time_of_the_database() {
    let database = Database::new();
    let jobs = database.open().await;
    let mut told = Vec::new();
    for hours in [-5, 0, 3] {
        let wrong_by = SignedDuration::from_hours(hours);
        let clock = jobs.clock(Arc::new(Machine { wrong_by })).await.unwrap();
        told.push(clock.now());
    }
    let (first, last) = (told.iter().min().unwrap(), told.iter().max().unwrap());
    let apart = last.duration_since(*first);
    assert!(apart < SignedDuration::from_mins(1), "{told:?}");
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: PostgreSQL"]
async fn connections_that_the_server_cuts_are_replaced() {
    let database = Database::new();
    let jobs = database.open().await;
    jobs.register(REACTOR, 3, Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    let mut news = jobs.subscribe(REACTOR).unwrap();
    let mut operator = Database::operator().await;
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
    )
    .bind(format!("invoiceapp {}", database.schema))
    .execute(&mut operator)
    .await
    .unwrap();
    let answers = async {
        loop {
            match jobs.checkpoint(REACTOR).await {
                Ok(checkpoint) => break checkpoint,
                Err(JobStoreError::Unavailable(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
    };
    let answered = tokio::time::timeout(PATIENCE, answers).await;
    assert_eq!(answered.unwrap(), Some(3));
    // The listener comes back by itself, and says that it may have missed something.
    let heard = tokio::time::timeout(PATIENCE, news.changed());
    heard.await.unwrap().unwrap();
    database.drop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_outage_and_no_secret_is_told() {
    let url = "postgres://somebody:hunter2@127.0.0.1:1/nothing";
    let options = PostgresOptions::new(SecretString::from(url));
    let failure = PostgresJobStore::connect(&options).await.unwrap_err();
    assert!(matches!(failure, JobStoreError::Unavailable(_)));
    let said = format!("{failure:?} {options:?}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn a_schema_whose_name_is_more_than_a_name_is_refused() {
    let url = SecretString::from("postgres://somebody@127.0.0.1:1/nothing");
    for schema in ["", "a,b", "a b", "A", "a\"; DROP TABLE jobs; --", "é"] {
        let options = PostgresOptions::new(url.clone()).with_schema(schema);
        assert!(PostgresJobStore::connect(&options).await.is_err());
    }
}
