//! The batch that is decided while another is written: it stands and falls with the one before.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};
use invoiceapp_journal::port::{Append, AppendError, Committed, JournalError};
use invoiceapp_journal::sqlite::{SqliteEngine, SqliteJournal};
use invoiceapp_journal::verify::verify;
use invoiceapp_journal::writer::Writer;
use invoiceapp_journal::writer::engine::{
    Batch, Change, Engine, EngineError, Facts, Wanted, Written,
};
use tokio::sync::Semaphore;

use crate::ledger::ambient;
use crate::sqlite::append;
use crate::subject::SqliteSubject;

/// What becomes of a write.
enum Fate {
    Written,
    HeadMoved,
    Occupied,
    Fails,
}

/// The writes to come, and what they wait for.
struct Script {
    fates: Mutex<VecDeque<Fate>>,
    begun: Semaphore,
    may_end: Semaphore,
}

/// SQLite, whose writes end when they are told to, and how.
struct ScriptedEngine {
    inner: SqliteEngine,
    script: Arc<Script>,
}

#[async_trait]
impl Engine for ScriptedEngine {
    const SYSTEM: &'static str = "sqlite";

    async fn lookup(&mut self, wanted: &Wanted) -> Result<Facts, EngineError> {
        self.inner.lookup(wanted).await
    }

    async fn lock(&mut self, wanted: &Wanted) -> Result<Facts, EngineError> {
        self.inner.lock(wanted).await
    }

    async fn unlock(&mut self) -> Result<(), EngineError> {
        self.inner.unlock().await
    }

    async fn write(&mut self, batch: &Arc<Batch>) -> Result<Written, EngineError> {
        self.script.begun.add_permits(1);
        self.script.may_end.acquire().await.unwrap().forget();
        let fate = self.script.fates.lock().unwrap().pop_front();
        match fate.unwrap_or(Fate::Written) {
            Fate::Written => self.inner.write(batch).await,
            Fate::HeadMoved => Ok(Written::HeadMoved),
            Fate::Occupied => Ok(Written::Occupied),
            Fate::Fails => Err(EngineError::Unavailable {
                reason: "as the script has it".to_owned(),
            }),
        }
    }

    async fn write_locked(&mut self, batch: &Arc<Batch>) -> Result<Written, EngineError> {
        self.inner.write_locked(batch).await
    }

    async fn changes(&mut self, from: u64, limit: usize) -> Result<Vec<Change>, EngineError> {
        self.inner.changes(from, limit).await
    }

    async fn close(self) {
        self.inner.close().await;
    }
}

type Answer<'a> = BoxFuture<'a, Result<Committed, AppendError>>;

/// A writer whose first write is under way, with appends that came meanwhile.
struct Stage {
    subject: SqliteSubject,
    writer: Writer,
    script: Arc<Script>,
}

impl Stage {
    async fn new(fates: impl IntoIterator<Item = Fate>) -> Self {
        let subject = SqliteSubject::new();
        let script = Arc::new(Script {
            fates: Mutex::new(fates.into_iter().collect()),
            begun: Semaphore::new(0),
            may_end: Semaphore::new(0),
        });
        let engine = ScriptedEngine {
            inner: SqliteEngine::open(&subject.options()).await.unwrap(),
            script: Arc::clone(&script),
        };
        let writer = Writer::start(engine, ambient()).await.unwrap();
        Self {
            subject,
            writer,
            script,
        }
    }

    /// Puts an append on the queue.
    fn send(&self, append: Append) -> Answer<'_> {
        let mut answer = self.writer.append(append).boxed();
        assert!((&mut answer).now_or_never().is_none());
        answer
    }

    async fn write_has_begun(&self) {
        self.script.begun.acquire().await.unwrap().forget();
    }

    /// Lets the writer, which shares the thread, decide on all that wait.
    async fn all_is_decided(&self) {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    fn let_writes_end(&self) {
        self.script.may_end.add_permits(100);
    }

    /// The journal is whole, and has so many events.
    async fn verify(self, events: u64) {
        self.writer.close().await;
        let journal = SqliteJournal::open(self.subject.options(), ambient());
        let verification = verify(&journal.await.unwrap(), |_, _| ()).await.unwrap();
        assert_eq!((verification.events, verification.fault), (events, None));
    }
}

fn behind(version: u64, append: Append) -> Append {
    Append {
        expected_version: version,
        ..append
    }
}

#[tokio::test]
async fn who_comes_while_a_batch_is_written_builds_on_it_and_is_answered_after_it() {
    let stage = Stage::new([]).await;
    let first = stage.send(append(1, 1, 10));
    stage.write_has_begun().await;
    let mut second = stage.send(behind(1, append(1, 2, 10)));
    let mut again = stage.send(append(1, 1, 10));
    stage.all_is_decided().await;
    assert!((&mut second).now_or_never().is_none());
    assert!((&mut again).now_or_never().is_none());
    stage.let_writes_end();
    assert_eq!(first.await.unwrap().position, 1);
    assert_eq!(second.await.unwrap().version, 2);
    let again = again.await.unwrap();
    assert_eq!((again.version, again.replayed), (1, true));
    stage.verify(2).await;
}

#[tokio::test]
async fn a_batch_behind_one_that_lost_its_round_is_decided_again() {
    for lost in [Fate::HeadMoved, Fate::Occupied] {
        let stage = Stage::new([lost]).await;
        let first = stage.send(append(1, 1, 10));
        stage.write_has_begun().await;
        let second = stage.send(behind(1, append(1, 2, 10)));
        let third = stage.send(append(2, 3, 10));
        stage.all_is_decided().await;
        stage.let_writes_end();
        assert_eq!(first.await.unwrap().position, 1);
        assert_eq!(second.await.unwrap().version, 2);
        assert_eq!(third.await.unwrap().position, 3);
        stage.verify(3).await;
    }
}

#[tokio::test]
async fn nobody_is_told_of_what_was_decided_behind_a_batch_that_failed() {
    let stage = Stage::new([Fate::Fails]).await;
    let first = stage.send(append(1, 1, 10));
    stage.write_has_begun().await;
    let builds_on_it = stage.send(behind(1, append(1, 2, 10)));
    let same = stage.send(append(1, 1, 10));
    let other = stage.send(append(2, 3, 10));
    stage.all_is_decided().await;
    stage.let_writes_end();
    assert!(matches!(
        first.await,
        Err(AppendError::Journal(JournalError::Unavailable { .. }))
    ));
    // It was decided before the retry of what it builds on.
    assert!(matches!(
        builds_on_it.await,
        Err(AppendError::VersionConflict { actual: 0, .. })
    ));
    let same = same.await.unwrap();
    assert_eq!((same.version, same.replayed), (1, false));
    assert_eq!(other.await.unwrap().version, 1);
    stage.verify(2).await;
}
