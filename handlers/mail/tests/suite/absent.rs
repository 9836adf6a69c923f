//! A journal that goes away between a mail and its report.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use invoiceapp_domain::decider::Actor;
use invoiceapp_domain::ids::StreamId;
use invoiceapp_domain::invoice::DeliveryOutcome;
use invoiceapp_domain::locale::Locale;
use invoiceapp_journal::port::{
    Append, AppendError, Committed, Head, Journal, JournalError, Snapshot, Writability,
};
use invoiceapp_mail::{MailReactor, SmtpMailer, SmtpOptions, SmtpTls, WhenUncertain};
use invoiceapp_runtime::JobState;
use invoiceapp_schemas::{CommandId, CommandStamp, RecordedEvent};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::fixtures::PDF;
use crate::peer::{Peer, Script};
use crate::world::World;

/// Refuses the reactor's first reports, as one whose server is away.
#[derive(Debug)]
struct Absent {
    journal: Arc<dyn Journal>,
    refusals: AtomicU32,
}

impl Absent {
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
impl Journal for Absent {
    async fn append(&self, append: Append) -> Result<Committed, AppendError> {
        if self.refuses(&append) {
            let reason = "away".to_owned();
            return Err(JournalError::Unavailable { reason }.into());
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

    async fn save_snapshot(
        &self,
        stream: &StreamId,
        snapshot: Snapshot,
    ) -> Result<(), JournalError> {
        self.journal.save_snapshot(stream, snapshot).await
    }
}

#[tokio::test]
async fn what_a_mail_server_said_is_kept_until_the_journal_is_back() {
    let folder = TempDir::new().unwrap();
    let peer = Peer::start(vec![Script::new()]).await;
    let options = SmtpOptions::new("127.0.0.1", peer.address.port(), SmtpTls::None);
    let mailer = Arc::new(SmtpMailer::new(options).unwrap());
    let uncertain = WhenUncertain::default();
    let absent = |journal| -> Arc<dyn Journal> {
        let refusals = AtomicU32::new(3);
        Arc::new(Absent { journal, refusals })
    };
    let world = World::open_behind(folder.path(), mailer, uncertain, absent).await;
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
