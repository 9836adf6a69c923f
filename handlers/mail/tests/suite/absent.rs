//! A journal that does not take the report of a mail that went out: it is away, or others are faster.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use invoiceapp_domain::decider::Actor;
use invoiceapp_domain::ids::StreamId;
use invoiceapp_domain::invoice::DeliveryOutcome;
use invoiceapp_domain::locale::Locale;
use invoiceapp_journal::execute::CONFLICT_ATTEMPTS_MAX;
use invoiceapp_journal::port::{
    Append, AppendError, Committed, Head, Journal, JournalError, Snapshot, Tail, Writability,
};
use invoiceapp_mail::{MailReactor, SmtpMailer, SmtpOptions, SmtpTls, WhenUncertain};
use invoiceapp_runtime::JobState;
use invoiceapp_schemas::{CommandId, CommandStamp, RecordedEvent};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::fixtures::PDF;
use crate::peer::{Peer, Script};
use crate::uncertain::{die_while_sending, hangs_once};
use crate::world::World;

/// Refuses the reactor's first reports.
#[derive(Debug)]
struct Reluctant {
    journal: Arc<dyn Journal>,
    refusals: AtomicU32,
    refuse: fn(&Append) -> AppendError,
    is_unreadable: Arc<AtomicBool>,
}

impl Reluctant {
    fn refuses(&self, append: &Append) -> bool {
        let is_report = append.metadata.actor == Actor::System(MailReactor::NAME.to_owned());
        let one_less = |left: u32| left.checked_sub(1);
        is_report
            && self
                .refusals
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
                .is_ok()
    }
}

#[async_trait]
impl Journal for Reluctant {
    async fn append(&self, append: Append) -> Result<Committed, AppendError> {
        if self.refuses(&append) {
            return Err((self.refuse)(&append));
        }
        self.journal.append(append).await
    }

    async fn receipt(&self, command: CommandStamp) -> Result<Option<Committed>, AppendError> {
        self.journal.receipt(command).await
    }

    async fn receipt_of(&self, command: CommandId) -> Result<Option<Committed>, JournalError> {
        self.journal.receipt_of(command).await
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        if self.is_unreadable.load(Ordering::Relaxed) {
            let reason = "away".to_owned();
            return Err(JournalError::Unavailable { reason });
        }
        self.journal.read_stream(stream, after_version, limit).await
    }

    async fn read_all(
        &self,
        after_position: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        self.journal.read_all(after_position, limit).await
    }

    async fn head(&self) -> Result<Head, JournalError> {
        self.journal.head().await
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.journal.subscribe()
    }

    fn writability(&self) -> watch::Receiver<Writability> {
        self.journal.writability()
    }

    async fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, JournalError> {
        self.journal.snapshot(stream).await
    }

    async fn read_tail(&self, stream: &StreamId, state_hash: &str) -> Result<Tail, JournalError> {
        self.journal.read_tail(stream, state_hash).await
    }

    async fn save_snapshot(
        &self,
        stream: &StreamId,
        snapshot: Snapshot,
    ) -> Result<(), JournalError> {
        self.journal.save_snapshot(stream, snapshot).await
    }
}

/// As one whose server is away.
fn away(_append: &Append) -> AppendError {
    let reason = "away".to_owned();
    JournalError::Unavailable { reason }.into()
}

/// As one where another mail of the delivery was reported just before.
fn overtaken(append: &Append) -> AppendError {
    AppendError::VersionConflict {
        stream: append.stream.clone(),
        expected: append.expected_version,
        actual: append.expected_version + 1,
    }
}

fn mailer(peer: &Peer) -> Arc<SmtpMailer> {
    let options = SmtpOptions::new("127.0.0.1", peer.address.port(), SmtpTls::None);
    Arc::new(SmtpMailer::new(options).unwrap())
}

/// Sends one mail on a journal that refuses so many reports of it.
async fn is_sent_once(refusals: u32, refuse: fn(&Append) -> AppendError) {
    let folder = TempDir::new().unwrap();
    let peer = Peer::start(vec![Script::new()]).await;
    let uncertain = WhenUncertain::default();
    let reluctant = |journal| -> Arc<dyn Journal> {
        Arc::new(Reluctant {
            journal,
            refusals: AtomicU32::new(refusals),
            refuse,
            is_unreadable: Arc::default(),
        })
    };
    let world = World::open_behind(folder.path(), mailer(&peer), uncertain, reluctant).await;
    let invoice = world.send(1, Locale::En, &["buyer@example.com"]).await;
    world.render(&invoice, Locale::En, PDF).await;
    world.work().await;

    assert_eq!(peer.messages().len(), 1);
    let recipient = &world.recipients(&invoice).await[0];
    assert_eq!(recipient.outcome, Some(DeliveryOutcome::Accepted));
    assert_eq!(world.jobs().await[0].state, JobState::Done);
    world.work().await;
    assert_eq!(peer.messages().len(), 1);
}

#[tokio::test]
async fn what_a_mail_server_said_is_kept_until_the_journal_is_back() {
    is_sent_once(3, away).await;
}

#[tokio::test]
async fn what_a_mail_server_said_is_kept_while_other_reports_are_faster() {
    let twice_all_the_tries_of_a_command = u32::try_from(2 * CONFLICT_ATTEMPTS_MAX).unwrap();
    is_sent_once(twice_all_the_tries_of_a_command, overtaken).await;
}

#[tokio::test]
async fn the_doubt_about_a_mail_outlives_an_attempt_that_cannot_read_the_journal() {
    let folder = TempDir::new().unwrap();
    let peer = hangs_once().await;
    let uncertain = WhenUncertain::Park;
    let invoice = die_while_sending(&folder, &peer, uncertain).await;

    let is_unreadable = Arc::new(AtomicBool::new(true));
    let reluctant = |journal| -> Arc<dyn Journal> {
        Arc::new(Reluctant {
            journal,
            refusals: AtomicU32::new(0),
            refuse: away,
            is_unreadable: Arc::clone(&is_unreadable),
        })
    };
    let world = World::open_behind(folder.path(), mailer(&peer), uncertain, reluctant).await;
    world.work().await;
    assert_eq!(world.jobs().await[0].state, JobState::Planned);
    is_unreadable.store(false, Ordering::Relaxed);
    world.work().await;

    let recipient = &world.recipients(&invoice).await[0];
    assert_eq!(recipient.outcome, Some(DeliveryOutcome::Uncertain));
    assert_eq!(world.jobs().await[0].state, JobState::Parked);
    assert_eq!(peer.messages().len(), 1);
}
