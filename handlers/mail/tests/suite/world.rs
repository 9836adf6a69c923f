//! A journal, a job store, an object store and a Maildir in one folder, and the mail reactor on
//! them; it can be dropped and opened again, as after a crash.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use invoiceapp_domain::Ambient;
use invoiceapp_domain::decider::{Actor, Context};
use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::ids::{
    DeliveryId, DocumentId, InvoiceId, LineId, PaymentId, StreamId, StreamKind, TenantId,
};
use invoiceapp_domain::invoice::{
    DeliveryRequest, Invoice, InvoiceCommand, InvoiceLine, IssueInstruction, NewDraft, NewPayment,
    PaymentMethod, RecipientDelivery, RenderingKind, RenderingReport,
};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::{Currency, Quantity, Rate, UnitPrice};
use invoiceapp_domain::numbering::SeriesSnapshot;
use invoiceapp_domain::party::Buyer;
use invoiceapp_domain::tax::{Vat, VatCategory};
use invoiceapp_domain::text::{Name, Reference};
use invoiceapp_domain::unit_code::UnitCode;
use invoiceapp_journal::execute::{CommandExecutor, Execution};
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_mail::{MailParts, MailReactor, Mailer, WhenUncertain};
use invoiceapp_objects::{FsObjects, Objects, area};
use invoiceapp_runtime::sqlite::SqliteJobStore;
use invoiceapp_runtime::{
    JobFilter, JobId, JobRecord, JobStore, JournalFeed, ReactorRuntime, RuntimeParts, Settings,
    Start,
};
use invoiceapp_schemas::{CommandId, CommandStamp};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::fixtures::{email, instant, money, seller};

/// Stands still until it is moved on.
#[derive(Debug)]
struct Clock {
    now: Mutex<Timestamp>,
}

impl Clock {
    fn pass(&self, time: SignedDuration) {
        *self.now.lock().unwrap() += time;
    }
}

impl Ambient for Clock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the port; identities differ between two worlds on one folder"
    )]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

pub(crate) struct World {
    pub(crate) runtime: ReactorRuntime,
    clock: Arc<Clock>,
    executor: CommandExecutor,
    objects: Arc<FsObjects>,
    jobs: Arc<SqliteJobStore>,
    commands: AtomicU64,
}

impl World {
    /// Opens the folder, with the mailer that mails go to.
    pub(crate) async fn open(folder: &Path, mailer: Arc<dyn Mailer>) -> Self {
        Self::open_with(folder, mailer, WhenUncertain::default()).await
    }

    /// The same, with what to do about uncertain mails.
    pub(crate) async fn open_with(
        folder: &Path,
        mailer: Arc<dyn Mailer>,
        uncertain: WhenUncertain,
    ) -> Self {
        Self::open_behind(folder, mailer, uncertain, |journal| journal).await
    }

    /// The same, with something between the reactor and the journal.
    pub(crate) async fn open_behind(
        folder: &Path,
        mailer: Arc<dyn Mailer>,
        uncertain: WhenUncertain,
        between: impl FnOnce(Arc<dyn Journal>) -> Arc<dyn Journal>,
    ) -> Self {
        let configure = |reactor: MailReactor| reactor.with_uncertain(uncertain);
        Self::open_configured(folder, mailer, configure, between).await
    }

    /// The same, with a reactor that is told more.
    pub(crate) async fn open_configured(
        folder: &Path,
        mailer: Arc<dyn Mailer>,
        configure: impl FnOnce(MailReactor) -> MailReactor,
        between: impl FnOnce(Arc<dyn Journal>) -> Arc<dyn Journal>,
    ) -> Self {
        let clock = Arc::new(Clock {
            now: Mutex::new(instant()),
        });
        let ambient: Arc<dyn Ambient> = clock.clone();
        let options = SqliteOptions::new(folder.join("journal.db"));
        let journal = SqliteJournal::open(options, Arc::clone(&ambient)).await;
        let journal = between(Arc::new(journal.unwrap()));
        let executor = CommandExecutor::new(journal.clone());
        let objects = Arc::new(FsObjects::open(&folder.join("objects")).unwrap());
        let jobs = Arc::new(SqliteJobStore::open(&folder.join("jobs.db")).await.unwrap());
        let reactor = MailReactor::new(MailParts {
            executor: executor.clone(),
            objects: objects.clone(),
            mailer,
            ambient: Arc::clone(&ambient),
        });
        let reactor = configure(reactor);
        let parts = RuntimeParts {
            feed: Arc::new(JournalFeed::new(journal)),
            jobs: jobs.clone(),
            ambient,
            settings: Settings::default(),
        };
        let runtime = ReactorRuntime::new(Arc::new(reactor), parts);
        runtime.register(Start::Beginning).await.unwrap();
        runtime.take_over().await.unwrap();
        Self {
            runtime,
            clock,
            executor,
            objects,
            jobs,
            commands: AtomicU64::new(0),
        }
    }

    /// Plans what is new and works on what is due an hour later.
    pub(crate) async fn work(&self) -> usize {
        self.clock.pass(SignedDuration::from_hours(1));
        self.runtime.plan_available().await.unwrap();
        self.runtime.run_due().await.unwrap()
    }

    pub(crate) async fn command(&self, stream: &StreamId, command: InvoiceCommand) {
        let id = Uuid::new_v5(
            &Uuid::parse_str(&stream.key).unwrap(),
            &self.commands.fetch_add(1, Ordering::Relaxed).to_be_bytes(),
        );
        let context = Context {
            tenant: stream.tenant.clone(),
            actor: Actor::System("test".to_owned()),
            now: instant(),
            today: date(2026, 11, 22),
        };
        let stamp = CommandStamp {
            id: CommandId(id),
            fingerprint: [0; 32],
        };
        let execution = Execution::new(stream.clone(), stamp, context, Uuid::nil());
        self.executor
            .execute::<Invoice>(execution, command)
            .await
            .unwrap();
    }

    /// Drafts, issues and sends an invoice over 119.00 EUR.
    pub(crate) async fn send(
        &self,
        invoice: u128,
        locale: Locale,
        recipients: &[&str],
    ) -> StreamId {
        let tenant = TenantId::parse("default").unwrap();
        let id = InvoiceId(Uuid::from_u128(invoice));
        let stream = StreamId::new(tenant, StreamKind::Invoice, id);
        let draft = NewDraft {
            buyer: Some(Buyer {
                name: Name::parse("Zażółć S.A.").unwrap(),
                email: Some(email("buyer@example.com")),
                vat_id: None,
                address: seller("x").address,
            }),
            lines: vec![line()],
            ..NewDraft::new(Currency::parse("EUR").unwrap())
        };
        self.command(&stream, InvoiceCommand::CreateDraft(Box::new(draft)))
            .await;
        let [series, _] = SeriesSnapshot::defaults().unwrap();
        let seller = seller("Grünwald & Söhne GmbH");
        let issue = Box::new(IssueInstruction {
            series,
            issue_date: None,
            seller: Some(seller),
            locale,
        });
        let delivery = DeliveryRequest {
            delivery_id: DeliveryId(Uuid::from_u128(invoice + 1_000)),
            recipients: recipients
                .iter()
                .map(|recipient| email(recipient))
                .collect(),
            locale: None,
            message: None,
        };
        self.command(&stream, InvoiceCommand::Send { issue, delivery })
            .await;
        stream
    }

    /// What the pdf reactor does, with bytes of the test's choice.
    pub(crate) async fn render(&self, stream: &StreamId, locale: Locale, bytes: &'static [u8]) {
        let bytes = Bytes::from_static(bytes);
        let size = u64::try_from(bytes.len()).unwrap();
        let sha256 = Sha256Hex::of(&bytes);
        self.objects
            .put_if_absent(&stream.tenant, area::RENDERINGS, bytes)
            .await
            .unwrap();
        let document_id = DocumentId(Uuid::new_v5(
            &Uuid::parse_str(&stream.key).unwrap(),
            locale.tag().as_bytes(),
        ));
        let report = RenderingReport {
            document_id,
            kind: RenderingKind::Pdf,
            locale,
            from_version: 2,
            sha256,
            size,
            template_version: Reference::parse("test").unwrap(),
        };
        self.command(stream, InvoiceCommand::AttachRendering(report))
            .await;
    }

    pub(crate) async fn pay(&self, stream: &StreamId, amount: &str) {
        let payment = NewPayment {
            payment_id: PaymentId(Uuid::from_u128(1)),
            amount: money(amount, "EUR"),
            paid_on: date(2026, 11, 22),
            method: PaymentMethod::parse("bank_transfer").unwrap(),
            reference: None,
        };
        self.command(stream, InvoiceCommand::RecordPayment(payment))
            .await;
    }

    /// What the invoice knows of each recipient of its first delivery.
    pub(crate) async fn recipients(&self, stream: &StreamId) -> Vec<RecipientDelivery> {
        let loaded = self
            .executor
            .load::<Invoice>(stream)
            .await
            .unwrap()
            .unwrap();
        let issued = loaded.state.as_issued().unwrap().clone();
        issued.deliveries.iter().next().unwrap().recipients.clone()
    }

    /// What an operator does with a parked job.
    pub(crate) async fn retry(&self, id: JobId) -> bool {
        self.jobs.retry(id, self.clock.now()).await.unwrap()
    }

    pub(crate) async fn jobs(&self) -> Vec<JobRecord> {
        self.jobs.list(&JobFilter::default()).await.unwrap()
    }
}

fn line() -> InvoiceLine {
    InvoiceLine {
        line_id: LineId(Uuid::from_u128(1)),
        product_id: None,
        price_version: None,
        sku: None,
        name: Name::parse("Work").unwrap(),
        description: None,
        quantity: Quantity::parse("1").unwrap(),
        unit_code: UnitCode::parse("HUR").unwrap(),
        unit_price: UnitPrice::parse("100").unwrap(),
        price_base_quantity: None,
        vat: Vat::new(VatCategory::Standard, Rate::parse("19").unwrap()).unwrap(),
        allowances: Vec::new(),
        charges: Vec::new(),
    }
}
