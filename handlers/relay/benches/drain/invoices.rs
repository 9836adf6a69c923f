//! Invoices as the domain itself decides them: a draft, a second line, the issue, two payments. Names
//! and amounts differ from one to the next, so that no two records are the same but for their ids.

use std::sync::Arc;

use futures::StreamExt;
use invoiceapp_domain::ids::{InvoiceId, LineId, PaymentId};
use invoiceapp_domain::invoice::{
    Invoice, InvoiceCommand, InvoiceEvent, InvoiceLine, IssueInstruction, NewDraft, NewPayment,
    PaymentMethod,
};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::{Currency, Money, Quantity, Rate, UnitPrice};
use invoiceapp_domain::numbering::SeriesSnapshot;
use invoiceapp_domain::party::{Address, Buyer, CountryCode, EmailAddress, Seller, VatId};
use invoiceapp_domain::tax::{Vat, VatCategory};
use invoiceapp_domain::text::{Name, PostalCode, ShortText};
use invoiceapp_domain::unit_code::UnitCode;
use invoiceapp_domain::{
    Actor, AllocatedNumber, Ambient, Context, Decider, EventPayload, StreamId, StreamKind, TenantId,
};
use invoiceapp_journal::conformance::SteppingAmbient;
use invoiceapp_journal::port::{Append, AppendEvents, Journal};
use invoiceapp_schemas::{CommandId, CommandStamp, Metadata, NewEvent, encode};
use jiff::civil::date;

/// Events of one invoice.
pub(crate) const EVENTS_OF_AN_INVOICE: u64 = 5;
/// Appends under way at once while the journal is filled.
const APPENDS_AT_ONCE: usize = 128;
const WORDS: [&str; 16] = [
    "Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Harbour", "Island", "Juniper",
    "Kestrel", "Lagoon", "Meadow", "Northern", "Orchard", "Pioneer",
];

/// Writes so many invoices, each by one append.
pub(crate) async fn fill(journal: &dyn Journal, ambient: &Arc<SteppingAmbient>, invoices: u64) {
    let appends = (0..invoices).map(|number| {
        let append = append_of(ambient, number, events(ambient, number));
        async move { journal.append(append).await.expect("an append") }
    });
    let appended = futures::stream::iter(appends).buffer_unordered(APPENDS_AT_ONCE);
    appended.for_each(|_| std::future::ready(())).await;
}

/// An append of the first event of an invoice alone.
pub(crate) fn draft(ambient: &Arc<SteppingAmbient>, number: u64) -> Append {
    let mut events = events(ambient, number);
    events.truncate(1);
    append_of(ambient, number, events)
}

fn append_of(ambient: &SteppingAmbient, number: u64, events: Vec<NewEvent>) -> Append {
    let id = CommandId(ambient.new_id());
    let mut fingerprint = [7; 32];
    fingerprint[..8].copy_from_slice(&number.to_be_bytes());
    let key = InvoiceId(ambient.new_id());
    Append {
        stream: StreamId::new(context(ambient).tenant, StreamKind::Invoice, key),
        expected_version: 0,
        events: AppendEvents::Ready(events),
        command: CommandStamp { id, fingerprint },
        metadata: Metadata {
            actor: context(ambient).actor,
            command_id: id,
            correlation_id: ambient.new_id(),
            causation_id: None,
            traceparent: None,
            claims: Vec::new(),
            number: None,
        },
        claims: Vec::new(),
        guards: Vec::new(),
    }
}

fn context(ambient: &SteppingAmbient) -> Context {
    Context {
        tenant: TenantId::parse("default").expect("a tenant id"),
        actor: Actor::System("bench".to_owned()),
        now: ambient.now(),
        today: date(2026, 1, 2),
    }
}

fn events(ambient: &SteppingAmbient, number: u64) -> Vec<NewEvent> {
    let commands = commands(ambient, number);
    let (mut invoice, mut events) = (Invoice::default(), Vec::with_capacity(commands.len()));
    for command in commands {
        let decision = invoice.decide(&command, &context(ambient)).expect("a yes");
        for mut event in decision.events {
            if let Some(request) = &decision.number {
                event.assign_number(&AllocatedNumber {
                    series: request.series.clone(),
                    period: request.period.clone(),
                    sequence: number + 1,
                });
            }
            Decider::evolve(&mut invoice, &event);
            events.push(encode::<InvoiceEvent>(&event).expect("a text"));
        }
    }
    events
}

fn commands(ambient: &SteppingAmbient, number: u64) -> [InvoiceCommand; 5] {
    let draft = NewDraft {
        buyer: Some(buyer(number)),
        lines: vec![line(ambient, number)],
        ..NewDraft::new(euro())
    };
    let [series, _] = SeriesSnapshot::defaults().expect("the usual series");
    let issue = IssueInstruction {
        series,
        issue_date: None,
        seller: Some(seller()),
        locale: Locale::En,
    };
    let payment = |cents: u64| {
        InvoiceCommand::RecordPayment(NewPayment {
            payment_id: PaymentId(ambient.new_id()),
            amount: Money::parse(&format!("1.{:02}", cents % 100), euro()).expect("an amount"),
            paid_on: date(2026, 1, 2),
            method: PaymentMethod::parse("cash").expect("a method"),
            reference: None,
        })
    };
    [
        InvoiceCommand::CreateDraft(Box::new(draft)),
        InvoiceCommand::AddLine(Box::new(line(ambient, number / 7))),
        InvoiceCommand::Issue(Box::new(issue)),
        payment(number),
        payment(number / 3),
    ]
}

fn word(number: u64) -> &'static str {
    let nth = usize::try_from(number % 16).expect("fits");
    WORDS[nth]
}

fn line(ambient: &SteppingAmbient, number: u64) -> InvoiceLine {
    let price = format!("{}.{:02}", 10 + number % 890, number % 97);
    let name = format!("{} {} {number}", word(number / 5), word(number / 11));
    InvoiceLine {
        line_id: LineId(ambient.new_id()),
        product_id: None,
        price_version: None,
        sku: None,
        name: Name::parse(&name).expect("a name"),
        description: None,
        quantity: Quantity::parse(&(number % 40 + 1).to_string()).expect("a quantity"),
        unit_code: UnitCode::default(),
        unit_price: UnitPrice::parse(&price).expect("a price"),
        price_base_quantity: None,
        vat: Vat::new(VatCategory::Standard, Rate::parse("20").expect("a rate")).expect("VAT"),
        allowances: Vec::new(),
        charges: Vec::new(),
    }
}

fn euro() -> Currency {
    Currency::parse("EUR").expect("a currency")
}

fn address(number: u64) -> Address {
    let street = format!("{number} {} Street", word(number / 3));
    Address {
        line1: ShortText::parse(&street).expect("a text"),
        line2: None,
        city: ShortText::parse(word(number / 13)).expect("a text"),
        postal_code: PostalCode::parse(&(10_000 + number % 80_000).to_string()).expect("a code"),
        country: CountryCode::parse("DE").expect("a country"),
    }
}

fn buyer(number: u64) -> Buyer {
    let name = format!("{} {} Limited", word(number), word(number / 16));
    let email = format!("accounts@{}{number}.example", word(number).to_lowercase());
    Buyer {
        name: Name::parse(&name).expect("a name"),
        email: Some(EmailAddress::parse(&email).expect("an address")),
        vat_id: None,
        address: address(number),
    }
}

fn seller() -> Seller {
    Seller {
        legal_name: Name::parse("Example Trading Company Limited").expect("a name"),
        address: address(1),
        vat_id: Some(VatId::parse("DE123456789").expect("a VAT id")),
        registration_id: None,
        email: EmailAddress::parse("seller@example.org").expect("an address"),
        phone: None,
        iban: None,
        bic: None,
        logo: None,
    }
}
