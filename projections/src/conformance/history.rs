//! Histories of invoices, written through the real domain into a real journal, and the comparison of
//! two stores that have seen the same one.

use std::collections::BTreeMap;
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
use invoiceapp_schemas::{CommandId, CommandStamp};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde_json::Value;
use uuid::Uuid;

use super::{stored, tenant};
use crate::dashboard::BucketKey;
use crate::query::{ListQuery, PAGE_DOCUMENTS_MAX};
use crate::register::{PAGE_NUMBERS_MAX, RegisterQuery, RegisteredNumber};
use crate::store::ViewStore;

/// The day on which everything happens that is not said to happen on another.
pub const TODAY: Date = date(2026, 11, 22);
/// The tenants of a history.
pub const TENANTS: [&str; 2] = ["acme", "rival"];

/// A clock that moves one second with every look, and ids that are counted.
#[derive(Debug, Default)]
pub struct CountingAmbient(AtomicI64);

impl Ambient for CountingAmbient {
    fn now(&self) -> Timestamp {
        let second = self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_second(1_795_000_000 + second).expect("a time")
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(
            self.0.fetch_add(1, Ordering::Relaxed).unsigned_abs(),
        ))
    }
}

/// Numbers that are the same for the same seed (SplitMix64).
#[derive(Debug, Clone)]
pub struct Seeded(u64);

impl Seeded {
    /// Begins with a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let length = u64::try_from(all.len()).expect("fits");
        all.get(usize::try_from(self.below(length)).expect("fits"))
    }
}

/// Commands on invoices, written into a journal.
#[derive(Debug)]
pub struct Invoices {
    executor: CommandExecutor,
    ambient: Arc<dyn Ambient>,
}

impl Invoices {
    /// Writes into this journal.
    #[must_use]
    pub fn new(journal: Arc<dyn Journal>, ambient: Arc<dyn Ambient>) -> Self {
        Self {
            executor: CommandExecutor::new(journal),
            ambient,
        }
    }

    /// Runs a command, which must be accepted.
    pub async fn run(&self, stream: &StreamId, command: InvoiceCommand) -> Executed<Invoice> {
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
        let executed = self.executor.execute::<Invoice>(execution, command).await;
        executed.expect("the command is accepted")
    }

    /// A draft over `units` units at 10.00 EUR and 20 % VAT.
    pub async fn draft(&self, tenant: &str, buyer: &str, units: u32) -> StreamId {
        let stream = StreamId::new(
            tenant.parse::<TenantId>().expect("a tenant id"),
            StreamKind::Invoice,
            InvoiceId(self.ambient.new_id()),
        );
        let draft = NewDraft {
            buyer: Some(self::buyer(buyer)),
            lines: vec![line(LineId(self.ambient.new_id()), units)],
            ..NewDraft::new(euro())
        };
        self.run(&stream, InvoiceCommand::CreateDraft(Box::new(draft)))
            .await;
        stream
    }

    /// Adds a line of the same kind to a draft.
    pub async fn add_line(&self, stream: &StreamId, units: u32) {
        let line = line(LineId(self.ambient.new_id()), units);
        self.run(stream, InvoiceCommand::AddLine(Box::new(line)))
            .await;
    }

    /// Issues a draft.
    pub async fn issue(&self, stream: &StreamId, issue_date: Date) -> Executed<Invoice> {
        let [series, _] = SeriesSnapshot::defaults().expect("the usual series");
        let instruction = IssueInstruction {
            series,
            issue_date: Some(issue_date),
            seller: Some(seller()),
            locale: Locale::En,
        };
        self.run(stream, InvoiceCommand::Issue(Box::new(instruction)))
            .await
    }

    /// Records a payment.
    pub async fn pay(&self, stream: &StreamId, amount: &str, paid_on: Date) -> PaymentId {
        let payment_id = PaymentId(self.ambient.new_id());
        let payment = NewPayment {
            payment_id,
            amount: Money::parse(amount, euro()).expect("an amount"),
            paid_on,
            method: PaymentMethod::parse("cash").expect("a method"),
            reference: None,
        };
        self.run(stream, InvoiceCommand::RecordPayment(payment))
            .await;
        payment_id
    }

    /// Does something that is possible at random: begins, issues, pays, takes back or gives up.
    pub async fn take_a_step(&self, random: &mut Seeded, streams: &mut Vec<StreamId>) {
        let known = random.pick(streams).cloned();
        let state = match &known {
            Some(stream) => self.executor.load::<Invoice>(stream).await.expect("load"),
            None => None,
        };
        let choice = random.below(10);
        match (known, state.map(|loaded| loaded.state.clone())) {
            (Some(stream), Some(Invoice::Draft(_))) if choice < 5 => {
                self.issue(&stream, TODAY).await;
            }
            (Some(stream), Some(Invoice::Draft(_))) if choice == 5 => {
                self.run(&stream, InvoiceCommand::Discard { reason: None })
                    .await;
            }
            (Some(stream), Some(Invoice::Issued(issued))) if choice < 6 => {
                let euros = random.below(9) + 1;
                let due = u64::try_from(issued.balance().minor()).unwrap_or(0);
                let standing = issued.payments.standing.iter().next();
                if due >= euros * 100 {
                    self.pay(&stream, &euros.to_string(), TODAY).await;
                } else if let Some(payment) = standing {
                    let command = InvoiceCommand::ReversePayment {
                        payment_id: payment.payment_id,
                        reason: None,
                    };
                    self.run(&stream, command).await;
                }
            }
            _ => {
                let tenant = random.pick(&TENANTS).copied().unwrap_or_default();
                let units = u32::try_from(random.below(40) + 1).expect("fits");
                let buyer = format!("Buyer {}", random.below(5));
                streams.push(self.draft(tenant, &buyer, units).await);
            }
        }
    }
}

/// Compares two stores field by field: documents, lists, counters, register, parked streams.
pub async fn assert_the_same(one: &dyn ViewStore, other: &dyn ViewStore, streams: &[StreamId]) {
    for stream in streams {
        let (left, right) = (one.document(stream).await, other.document(stream).await);
        let (left, right) = (left.expect("document"), right.expect("document"));
        assert_eq!(left.as_ref().map(stored), right.as_ref().map(stored));
        let text = |it: &Option<crate::Document>| it.as_ref().map(|it| it.json.clone());
        assert_eq!(text(&left), text(&right));
    }
    for name in TENANTS {
        let tenant = tenant(name);
        assert_eq!(listed(one, &tenant).await, listed(other, &tenant).await);
        assert_eq!(counters(one, &tenant).await, counters(other, &tenant).await);
        assert_eq!(numbers(one, &tenant).await, numbers(other, &tenant).await);
    }
    let (left, right) = (one.parked(100).await, other.parked(100).await);
    assert_eq!(left.expect("parked"), right.expect("parked"));
}

async fn listed(store: &dyn ViewStore, tenant: &TenantId) -> Vec<(StreamId, Value)> {
    let mut query = ListQuery {
        tenant: tenant.clone(),
        kind: StreamKind::Invoice,
        conditions: Vec::new(),
        before: None,
        limit: PAGE_DOCUMENTS_MAX,
        count: true,
    };
    let mut listed = Vec::new();
    loop {
        let page = store.list(&query).await.expect("list");
        listed.extend(page.documents.iter().map(|document| {
            let (stream, _, _, _, json) = stored(document);
            (stream.clone(), json)
        }));
        query.before = page.next_before;
        if query.before.is_none() {
            let total = page.total.and_then(|total| usize::try_from(total).ok());
            assert_eq!(total, Some(listed.len()));
            return listed;
        }
    }
}

/// A tenant's counters, without those that have come back to nothing.
pub async fn counters(
    store: &dyn ViewStore,
    tenant: &TenantId,
) -> BTreeMap<BucketKey, (i64, i128)> {
    let buckets = store.buckets(tenant).await.expect("buckets").into_iter();
    let counters = buckets.map(|bucket| (bucket.key, (bucket.count, bucket.minor)));
    counters.filter(|(_, sum)| *sum != (0, 0)).collect()
}

async fn numbers(store: &dyn ViewStore, tenant: &TenantId) -> Vec<RegisteredNumber> {
    let mut query = RegisterQuery {
        tenant: tenant.clone(),
        series: "INV".parse().expect("a series code"),
        after: None,
        limit: PAGE_NUMBERS_MAX,
        count: false,
    };
    let mut numbers = Vec::new();
    loop {
        let page = store.register(&query).await.expect("register");
        numbers.extend(page.numbers);
        query.after = page.next_after;
        if query.after.is_none() {
            return numbers;
        }
    }
}

/// A line over `units` units at 10.00 EUR and 20 % VAT.
fn line(line_id: LineId, units: u32) -> InvoiceLine {
    InvoiceLine {
        line_id,
        product_id: None,
        price_version: None,
        sku: None,
        name: Name::parse("Thing").expect("a name"),
        description: None,
        quantity: Quantity::parse(&units.to_string()).expect("a quantity"),
        unit_code: UnitCode::default(),
        unit_price: UnitPrice::parse("10.00").expect("a price"),
        price_base_quantity: None,
        vat: Vat::new(VatCategory::Standard, Rate::parse("20").expect("a rate")).expect("VAT"),
        allowances: Vec::new(),
        charges: Vec::new(),
    }
}

fn euro() -> Currency {
    Currency::parse("EUR").expect("a currency")
}

fn address() -> Address {
    Address {
        line1: ShortText::parse("1 Long Street").expect("a text"),
        line2: None,
        city: ShortText::parse("Town").expect("a text"),
        postal_code: PostalCode::parse("12345").expect("a postal code"),
        country: CountryCode::parse("DE").expect("a country"),
    }
}

fn buyer(name: &str) -> Buyer {
    Buyer {
        name: Name::parse(name).expect("a name"),
        email: None,
        vat_id: None,
        address: address(),
    }
}

fn seller() -> Seller {
    Seller {
        legal_name: Name::parse("Seller").expect("a name"),
        address: address(),
        vat_id: Some(VatId::parse("DE123456789").expect("a VAT id")),
        registration_id: None,
        email: EmailAddress::parse("seller@example.org").expect("an address"),
        phone: None,
        iban: None,
        bic: None,
        logo: None,
    }
}
