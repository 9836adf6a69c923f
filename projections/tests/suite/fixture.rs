//! A journal and a view store in one temporary folder, and invoices to put into them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use invoiceapp_domain::ids::{InvoiceId, LineId, PaymentId};
use invoiceapp_domain::invoice::{
    Invoice, InvoiceCommand, InvoiceLine, IssueInstruction, NewDraft, NewPayment, PaymentMethod,
};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::{Currency, Money, Quantity, Rate, UnitPrice};
use invoiceapp_domain::numbering::SeriesSnapshot;
use invoiceapp_domain::party::{Address, Buyer, CountryCode, EmailAddress, Seller, VatId};
use invoiceapp_domain::tax::{Vat, VatCategory};
use invoiceapp_domain::text::{Name, PostalCode, ShortText};
use invoiceapp_domain::unit_code::UnitCode;
use invoiceapp_domain::{Actor, Ambient, Context, StreamId, StreamKind, TenantId};
use invoiceapp_journal::execute::{CommandExecutor, Executed, Execution};
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_projections::projector::Projector;
use invoiceapp_projections::sqlite::SqliteViewStore;
use invoiceapp_projections::{ViewStore, Views};
use invoiceapp_schemas::{CommandId, CommandStamp};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// A clock that moves one second with every look, and ids that are counted.
#[derive(Debug, Default)]
pub(crate) struct CountingAmbient(AtomicI64);

impl Ambient for CountingAmbient {
    fn now(&self) -> Timestamp {
        let second = self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(
            self.0.fetch_add(1, Ordering::Relaxed).unsigned_abs(),
        ))
    }
}

pub(crate) const TODAY: Date = date(2026, 11, 22);

pub(crate) struct Fixture {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) executor: CommandExecutor,
    pub(crate) store: Arc<dyn ViewStore>,
    pub(crate) projector: Projector,
    pub(crate) views: Views,
    pub(crate) ambient: Arc<dyn Ambient>,
    pub(crate) folder: TempDir,
}

impl Fixture {
    pub(crate) async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let ambient: Arc<dyn Ambient> = Arc::new(CountingAmbient::default());
        let options = SqliteOptions::new(folder.path().join("journal.db"));
        let journal = SqliteJournal::open(options, Arc::clone(&ambient))
            .await
            .unwrap();
        let journal: Arc<dyn Journal> = Arc::new(journal);
        let store = SqliteViewStore::open(&folder.path().join("views.db"))
            .await
            .unwrap();
        let store: Arc<dyn ViewStore> = Arc::new(store);
        let (projector, reached) = Projector::new(Arc::clone(&journal), Arc::clone(&store));
        Self {
            executor: CommandExecutor::new(Arc::clone(&journal)),
            views: Views::new(Arc::clone(&store), reached),
            journal,
            store,
            projector,
            ambient,
            folder,
        }
    }

    pub(crate) async fn run(
        &self,
        stream: &StreamId,
        command: InvoiceCommand,
    ) -> Executed<Invoice> {
        let id = self.ambient.new_id();
        let stamp = CommandStamp {
            id: CommandId(id),
            fingerprint: [0; 32],
        };
        let context = Context {
            tenant: stream.tenant.clone(),
            actor: Actor::System("test".to_owned()),
            now: self.ambient.now(),
            today: TODAY,
        };
        let execution = Execution::new(stream.clone(), stamp, context, id);
        self.executor
            .execute::<Invoice>(execution, command)
            .await
            .unwrap()
    }

    /// A draft over `units` units at 10.00 EUR and 20 % VAT.
    pub(crate) async fn draft(&self, tenant: &str, buyer: &str, units: u32) -> StreamId {
        let stream = StreamId::new(
            tenant.parse::<TenantId>().unwrap(),
            StreamKind::Invoice,
            InvoiceId(self.ambient.new_id()),
        );
        let draft = NewDraft {
            buyer: Some(self::buyer(buyer)),
            lines: vec![self.line(units)],
            ..NewDraft::new(euro())
        };
        self.run(&stream, InvoiceCommand::CreateDraft(Box::new(draft)))
            .await;
        stream
    }

    pub(crate) async fn issue(&self, stream: &StreamId, issue_date: Date) -> Executed<Invoice> {
        let [series, _] = SeriesSnapshot::defaults().unwrap();
        let instruction = IssueInstruction {
            series,
            issue_date: Some(issue_date),
            seller: Some(seller()),
            locale: Locale::En,
        };
        self.run(stream, InvoiceCommand::Issue(Box::new(instruction)))
            .await
    }

    pub(crate) async fn pay(&self, stream: &StreamId, amount: &str, paid_on: Date) -> PaymentId {
        let payment_id = PaymentId(self.ambient.new_id());
        let payment = NewPayment {
            payment_id,
            amount: Money::parse(amount, euro()).unwrap(),
            paid_on,
            method: PaymentMethod::parse("cash").unwrap(),
            reference: None,
        };
        self.run(stream, InvoiceCommand::RecordPayment(payment))
            .await;
        payment_id
    }

    /// Makes the newest event of a stream unreadable, as somebody with the database in their hands
    /// can; returns what it said.
    pub(crate) async fn spoil(&self, stream: &StreamId) -> String {
        let mut connection = self.journal_file().await;
        let triggers = sqlx::query_scalar::<_, String>(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'",
        );
        for trigger in triggers.fetch_all(&mut connection).await.unwrap() {
            let drop = format!("DROP TRIGGER {trigger}");
            sqlx::query(&drop).execute(&mut connection).await.unwrap();
        }
        let payload = "SELECT payload FROM events WHERE aggregate_id = ?1 ORDER BY sequence DESC";
        let payload = sqlx::query_scalar(payload).bind(stream.aggregate_id());
        let payload: String = payload.fetch_one(&mut connection).await.unwrap();
        self.rewrite(stream, &payload, "{\"Nonsense\":{}}").await;
        payload
    }

    /// Puts a spoiled event right again.
    pub(crate) async fn repair(&self, stream: &StreamId, payload: &str) {
        self.rewrite(stream, "{\"Nonsense\":{}}", payload).await;
    }

    async fn rewrite(&self, stream: &StreamId, from: &str, to: &str) {
        let update = "UPDATE events SET payload = ?3 WHERE aggregate_id = ?1 AND payload = ?2";
        let update = sqlx::query(update)
            .bind(stream.aggregate_id())
            .bind(from)
            .bind(to);
        let done = update.execute(&mut self.journal_file().await).await;
        assert_eq!(done.unwrap().rows_affected(), 1);
    }

    async fn journal_file(&self) -> SqliteConnection {
        let file = self.folder.path().join("journal.db");
        let options = SqliteConnectOptions::new().filename(file);
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    pub(crate) fn line(&self, units: u32) -> InvoiceLine {
        InvoiceLine {
            line_id: LineId(self.ambient.new_id()),
            product_id: None,
            price_version: None,
            sku: None,
            name: Name::parse("Thing").unwrap(),
            description: None,
            quantity: Quantity::parse(&units.to_string()).unwrap(),
            unit_code: UnitCode::default(),
            unit_price: UnitPrice::parse("10.00").unwrap(),
            price_base_quantity: None,
            vat: Vat::new(VatCategory::Standard, Rate::parse("20").unwrap()).unwrap(),
            allowances: Vec::new(),
            charges: Vec::new(),
        }
    }
}

pub(crate) fn euro() -> Currency {
    Currency::parse("EUR").unwrap()
}

fn address() -> Address {
    Address {
        line1: ShortText::parse("1 Long Street").unwrap(),
        line2: None,
        city: ShortText::parse("Town").unwrap(),
        postal_code: PostalCode::parse("12345").unwrap(),
        country: CountryCode::parse("DE").unwrap(),
    }
}

fn buyer(name: &str) -> Buyer {
    Buyer {
        name: Name::parse(name).unwrap(),
        email: None,
        vat_id: None,
        address: address(),
    }
}

fn seller() -> Seller {
    Seller {
        legal_name: Name::parse("Seller").unwrap(),
        address: address(),
        vat_id: Some(VatId::parse("DE123456789").unwrap()),
        registration_id: None,
        email: EmailAddress::parse("seller@example.org").unwrap(),
        phone: None,
        iban: None,
        bic: None,
        logo: None,
    }
}
