//! A clock that is steered, a feed in memory, a reactor that follows a script, a store that can be
//! cut off.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_domain::{Ambient, StreamId, StreamKind, TenantId};
use invoiceapp_runtime::sqlite::SqliteJobStore;
use invoiceapp_runtime::{
    Backoff, Claim, Feed, FeedError, Job, JobFilter, JobId, JobRecord, JobState, JobStore,
    JobStoreError, Lease, NewJob, Outcome, Plan, PlanBatch, PlanError, Reactor, ReactorRuntime,
    ReactorStatus, RuntimeParts, Settings, Ticket, Verdict,
};
use invoiceapp_schemas::{ChainHash, RecordedEvent};
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc, watch};
use uuid::Uuid;

pub(crate) const REACTOR: &str = "scripted";

#[derive(Debug)]
pub(crate) struct ManualClock {
    now: Mutex<Timestamp>,
    ids: AtomicU64,
}

impl ManualClock {
    pub(crate) fn new() -> Self {
        Self {
            now: Mutex::new(Timestamp::from_second(1_800_000_000).unwrap()),
            ids: AtomicU64::new(1),
        }
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = now.saturating_add(by).unwrap();
    }
}

impl Ambient for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ids.fetch_add(1, Ordering::Relaxed)))
    }
}

#[derive(Debug)]
pub(crate) struct MemoryFeed {
    events: Mutex<Vec<RecordedEvent>>,
    head: watch::Sender<u64>,
    cut: AtomicBool,
    /// Calls that found the feed cut.
    pub(crate) refused: watch::Sender<u64>,
}

impl MemoryFeed {
    /// Appends an event about a key; the payload says which dedupe key or fact it is about.
    pub(crate) fn push(&self, event_type: &str, key: &str, about: &str) {
        let mut events = self.events.lock().unwrap();
        let position = u64::try_from(events.len()).unwrap() + 1;
        let tenant = TenantId::parse("default").unwrap();
        events.push(RecordedEvent {
            position,
            stream: StreamId::new(tenant, StreamKind::Invoice, key),
            version: position,
            event_id: Uuid::from_u128(u128::from(position)),
            event_type: event_type.to_owned(),
            schema_version: 1,
            recorded_at: Timestamp::UNIX_EPOCH,
            metadata_json: "{}".to_owned(),
            payload_json: about.to_owned(),
            hash: ChainHash::GENESIS,
        });
        self.head.send_replace(position);
    }

    pub(crate) fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }
}

#[async_trait]
impl Feed for MemoryFeed {
    async fn read(&self, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, FeedError> {
        if self.cut.load(Ordering::SeqCst) {
            self.refused.send_modify(|refused| *refused += 1);
            return Err(FeedError("the feed is cut".into()));
        }
        let events = self.events.lock().unwrap();
        let later = events.iter().filter(|event| event.position > after);
        Ok(later.take(limit).cloned().collect())
    }

    async fn wait(&self, after: u64) {
        let mut head = self.head.subscribe();
        head.wait_for(|position| *position > after).await.unwrap();
    }

    async fn head(&self) -> Result<u64, FeedError> {
        Ok(*self.head.borrow())
    }
}

/// What an act saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Act {
    pub(crate) id: JobId,
    pub(crate) dedupe_key: String,
    pub(crate) attempt: u32,
    pub(crate) interrupted: bool,
}

/// How an act of the script goes.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Ends at once.
    End(Outcome),
    /// Marks its effect as started and then never ends.
    HangAfterStart,
    /// Ends once [`ScriptedReactor::gate`] has a permit.
    EndAtGate(Outcome),
    /// Marks its effect as started and then panics.
    PanicAfterStart,
}

#[derive(Debug)]
pub(crate) struct ScriptedReactor {
    script: Mutex<HashMap<String, VecDeque<Step>>>,
    pub(crate) acts: Mutex<Vec<Act>>,
    pub(crate) healed: AtomicBool,
    pub(crate) gate: Semaphore,
    /// Says so when an act begins.
    begun: mpsc::UnboundedSender<String>,
    /// Says so when an act ended or was dropped.
    pub(crate) left: mpsc::UnboundedSender<String>,
}

struct SayOnDrop(mpsc::UnboundedSender<String>, String);

impl Drop for SayOnDrop {
    fn drop(&mut self) {
        // Nobody may be listening any more.
        let _heard = self.0.send(self.1.clone());
    }
}

#[async_trait]
impl Reactor for ScriptedReactor {
    fn name(&self) -> &'static str {
        REACTOR
    }

    fn plan(&self, event: &RecordedEvent) -> Result<Plan, PlanError> {
        let about = event.payload_json.clone();
        let key = event.stream.aggregate_id();
        let wanted = Plan::job(NewJob {
            dedupe_key: about.clone(),
            key,
            payload: json!(null),
        });
        match event.event_type.as_str() {
            "Wanted" => Ok(wanted),
            "Unwanted" => Ok(Plan::cancel(about)),
            "Fact" => Ok(Plan::wake(about)),
            "Poison" if self.healed.load(Ordering::SeqCst) => Ok(wanted),
            "Poison" => Err(PlanError {
                reason: "unreadable".to_owned(),
            }),
            _ => Ok(Plan::nothing()),
        }
    }

    async fn act(&self, job: &Job, lease: &Lease) -> Outcome {
        self.acts.lock().unwrap().push(Act {
            id: job.id,
            dedupe_key: job.dedupe_key.clone(),
            attempt: job.attempt,
            interrupted: job.interrupted,
        });
        let step = self
            .script
            .lock()
            .unwrap()
            .get_mut(&job.dedupe_key)
            .and_then(VecDeque::pop_front);
        let _said_on_drop = SayOnDrop(self.left.clone(), job.dedupe_key.clone());
        let _heard = self.begun.send(job.dedupe_key.clone());
        match step.unwrap_or(Step::End(Outcome::Done)) {
            Step::End(outcome) => outcome,
            Step::HangAfterStart => {
                assert!(lease.mark_started().await.unwrap());
                let _heard = self.begun.send(format!("{} is marked", job.dedupe_key));
                std::future::pending().await
            }
            Step::EndAtGate(outcome) => {
                self.gate.acquire().await.unwrap().forget();
                outcome
            }
            Step::PanicAfterStart => {
                assert!(lease.mark_started().await.unwrap());
                panic!("a bug in the reactor")
            }
        }
    }
}

impl ScriptedReactor {
    pub(crate) fn script(&self, dedupe_key: &str, steps: impl IntoIterator<Item = Step>) {
        self.script
            .lock()
            .unwrap()
            .insert(dedupe_key.to_owned(), steps.into_iter().collect());
    }

    /// Of each act of a job, whether it was told that an earlier one was interrupted.
    pub(crate) fn interrupted(&self, dedupe_key: &str) -> Vec<bool> {
        let acts = self.acts.lock().unwrap();
        let of_job = acts.iter().filter(|act| act.dedupe_key == dedupe_key);
        of_job.map(|act| act.interrupted).collect()
    }

    pub(crate) fn acted(&self) -> Vec<String> {
        self.acts
            .lock()
            .unwrap()
            .iter()
            .map(|act| act.dedupe_key.clone())
            .collect()
    }
}

/// The real store, which can be cut off before a write, or after it with its answer lost.
#[derive(Debug)]
pub(crate) struct Cuttable {
    pub(crate) store: SqliteJobStore,
    pub(crate) cut: AtomicBool,
    /// Calls that found the store cut.
    pub(crate) refused: watch::Sender<u64>,
    pub(crate) lose_answers: AtomicBool,
}

impl Cuttable {
    fn reach(&self) -> Result<(), JobStoreError> {
        if self.cut.load(Ordering::SeqCst) {
            self.refused.send_modify(|refused| *refused += 1);
            return Err(JobStoreError::Unavailable("the store is cut".into()));
        }
        Ok(())
    }

    fn answer<T>(&self, answer: T) -> Result<T, JobStoreError> {
        let lost = self.lose_answers.load(Ordering::SeqCst);
        if lost {
            Err(JobStoreError::Unavailable("the answer is lost".into()))
        } else {
            Ok(answer)
        }
    }
}

#[async_trait]
impl JobStore for Cuttable {
    async fn register(&self, name: &str, after: u64, now: Timestamp) -> Result<u64, JobStoreError> {
        self.reach()?;
        self.store.register(name, after, now).await
    }
    async fn checkpoint(&self, reactor: &str) -> Result<Option<u64>, JobStoreError> {
        self.reach()?;
        self.store.checkpoint(reactor).await
    }
    async fn commit_plan(
        &self,
        reactor: &str,
        range: (u64, u64),
        batch: &PlanBatch,
        now: Timestamp,
    ) -> Result<bool, JobStoreError> {
        self.reach()?;
        let committed = self.store.commit_plan(reactor, range, batch, now).await?;
        self.answer(committed)
    }
    async fn finish_plan(
        &self,
        ticket: Ticket,
        batch: &PlanBatch,
        now: Timestamp,
    ) -> Result<bool, JobStoreError> {
        self.reach()?;
        self.store.finish_plan(ticket, batch, now).await
    }
    async fn claim(
        &self,
        reactor: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Claim>, JobStoreError> {
        self.reach()?;
        self.store.claim(reactor, now, until).await
    }
    async fn renew(&self, ticket: Ticket, until: Timestamp) -> Result<bool, JobStoreError> {
        self.reach()?;
        self.store.renew(ticket, until).await
    }
    async fn mark_started(&self, ticket: Ticket) -> Result<bool, JobStoreError> {
        self.reach()?;
        self.store.mark_started(ticket).await
    }
    async fn finish(
        &self,
        ticket: Ticket,
        verdict: &Verdict,
        now: Timestamp,
    ) -> Result<bool, JobStoreError> {
        self.reach()?;
        let finished = self.store.finish(ticket, verdict, now).await?;
        self.answer(finished)
    }
    async fn next_due(&self, reactor: &str) -> Result<Option<Timestamp>, JobStoreError> {
        self.reach()?;
        self.store.next_due(reactor).await
    }
    async fn release_leases(&self, reactor: &str, now: Timestamp) -> Result<u64, JobStoreError> {
        self.store.release_leases(reactor, now).await
    }
    async fn status(&self) -> Result<Vec<ReactorStatus>, JobStoreError> {
        self.store.status().await
    }
    async fn backlog(&self) -> Result<Vec<ReactorStatus>, JobStoreError> {
        self.store.backlog().await
    }
    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, JobStoreError> {
        self.store.list(filter).await
    }
    async fn retry(&self, id: JobId, now: Timestamp) -> Result<bool, JobStoreError> {
        self.store.retry(id, now).await
    }
    async fn cancel(&self, id: JobId, why: &str, now: Timestamp) -> Result<bool, JobStoreError> {
        self.store.cancel(id, why, now).await
    }
    async fn prune(&self, before: Timestamp, limit: u32) -> Result<u64, JobStoreError> {
        self.reach()?;
        self.store.prune(before, limit).await
    }
}

/// Everything one test needs, in a folder of its own.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) feed: Arc<MemoryFeed>,
    pub(crate) jobs: Arc<Cuttable>,
    pub(crate) reactor: Arc<ScriptedReactor>,
    pub(crate) begun: mpsc::UnboundedReceiver<String>,
    pub(crate) left: mpsc::UnboundedReceiver<String>,
    pub(crate) settings: Settings,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteJobStore::open(&folder.path().join("jobs.db"))
            .await
            .unwrap();
        let (begun, begun_receiver) = mpsc::unbounded_channel();
        let (left, left_receiver) = mpsc::unbounded_channel();
        let short = Backoff {
            first: Duration::from_millis(1),
            longest: Duration::from_millis(5),
        };
        Self {
            clock: Arc::new(ManualClock::new()),
            feed: Arc::new(MemoryFeed {
                events: Mutex::default(),
                head: watch::Sender::new(0),
                cut: AtomicBool::new(false),
                refused: watch::Sender::new(0),
            }),
            jobs: Arc::new(Cuttable {
                store,
                cut: AtomicBool::new(false),
                refused: watch::Sender::new(0),
                lose_answers: AtomicBool::new(false),
            }),
            reactor: Arc::new(ScriptedReactor {
                script: Mutex::default(),
                acts: Mutex::default(),
                healed: AtomicBool::new(false),
                gate: Semaphore::new(0),
                begun,
                left,
            }),
            begun: begun_receiver,
            left: left_receiver,
            settings: Settings {
                workers: NonZeroUsize::new(2).unwrap(),
                outage: short,
                ..Settings::default()
            },
            _folder: folder,
        }
    }

    /// A runtime as a process would build it at its start.
    pub(crate) fn runtime(&self) -> ReactorRuntime {
        let parts = RuntimeParts {
            feed: Arc::clone(&self.feed) as Arc<dyn Feed>,
            jobs: Arc::clone(&self.jobs) as Arc<dyn JobStore>,
            ambient: Arc::clone(&self.clock) as Arc<dyn Ambient>,
            settings: self.settings.clone(),
        };
        ReactorRuntime::new(Arc::clone(&self.reactor) as Arc<dyn Reactor>, parts)
    }

    pub(crate) async fn states(&self) -> Vec<(String, JobState)> {
        let listed = self.jobs.list(&JobFilter::default()).await.unwrap();
        listed
            .into_iter()
            .map(|record| (record.dedupe_key, record.state))
            .collect()
    }

    pub(crate) async fn record(&self, dedupe_key: &str) -> JobRecord {
        let id = Some(JobId::derive(REACTOR, dedupe_key));
        let listed = self
            .jobs
            .list(&JobFilter {
                id,
                ..JobFilter::default()
            })
            .await
            .unwrap();
        listed.into_iter().next().unwrap()
    }
}

pub(crate) fn retry() -> Step {
    Step::End(Outcome::Retry {
        reason: "a hiccup".to_owned(),
    })
}
