//! What the tests of this binary share: a context, values, and given-when-then over invoices.

use std::fmt;
use std::str::FromStr;

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use invoiceapp_domain::decider::{DecisionServices, Fact};
use invoiceapp_domain::ids::{DeliveryId, DocumentId, LineId, PaymentId, UserId};
use invoiceapp_domain::invoice::{
    DeliveryRequest, DocumentAdjustment, DraftContent, Invoice, InvoiceCommand, InvoiceEvent,
    InvoiceIssued, InvoiceLine, IssueInstruction, IssuedInvoice, LineAdjustment, NewDraft,
    NewPayment,
};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::{Currency, Money};
use invoiceapp_domain::numbering::SeriesSnapshot;
use invoiceapp_domain::party::{Address, Buyer, Seller};
use invoiceapp_domain::tax::{AdjustmentBasis, Vat};
use invoiceapp_domain::{
    Actor, AllocatedNumber, Context, Decider, Decision, EventPayload, Root, TenantId,
};
use jiff::civil::{Date, date};
use uuid::Uuid;

/// The day of every decision.
pub(crate) const TODAY: Date = date(2026, 11, 22);
/// The place in its series that every issued invoice gets.
pub(crate) const SEQUENCE: u64 = 7;

/// Parses a text that the test knows to be good.
pub(crate) fn of<T: FromStr<Err: fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

pub(crate) fn context() -> Context {
    Context {
        tenant: TenantId::parse("acme").unwrap(),
        actor: Actor::User(UserId(Uuid::from_u128(7))),
        now: "2026-11-22T10:00:00Z".parse().unwrap(),
        today: TODAY,
    }
}

/// An amount such as `"12.50 EUR"`, of either sign.
pub(crate) fn money(text: &str) -> Money {
    let (amount, currency) = text.split_once(' ').unwrap();
    Money::parse_signed(amount, of(currency)).unwrap()
}

pub(crate) fn eur(amount: &str) -> Money {
    Money::parse_signed(amount, Currency::EUR).unwrap()
}

/// A category and rate such as `"S 19"`.
pub(crate) fn vat(text: &str) -> Vat {
    let (category, rate) = text.split_once(' ').unwrap();
    Vat::new(of(category), of(rate)).unwrap()
}

/// `"4 %"` or `"12.50 EUR"`.
pub(crate) fn basis(text: &str) -> AdjustmentBasis {
    match text.strip_suffix(" %") {
        Some(rate) => AdjustmentBasis::Percent(of(rate)),
        None => AdjustmentBasis::Amount(money(text)),
    }
}

pub(crate) const fn line_id(number: u128) -> LineId {
    LineId(Uuid::from_u128(number))
}

pub(crate) const fn payment_id(number: u128) -> PaymentId {
    PaymentId(Uuid::from_u128(number))
}

pub(crate) const fn delivery_id(number: u128) -> DeliveryId {
    DeliveryId(Uuid::from_u128(number))
}

pub(crate) const fn document_id(number: u128) -> DocumentId {
    DocumentId(Uuid::from_u128(number))
}

pub(crate) fn line(number: u128, quantity: &str, unit_price: &str, tax: &str) -> InvoiceLine {
    InvoiceLine {
        line_id: line_id(number),
        product_id: None,
        price_version: None,
        sku: None,
        name: of("Consulting"),
        description: None,
        quantity: of(quantity),
        unit_code: of("C62"),
        unit_price: of(unit_price),
        price_base_quantity: None,
        vat: vat(tax),
        allowances: Vec::new(),
        charges: Vec::new(),
    }
}

pub(crate) fn line_adjustment(text: &str) -> LineAdjustment {
    LineAdjustment {
        reason: of("Agreed"),
        basis: basis(text),
    }
}

pub(crate) fn document_adjustment(text: &str, tax: &str) -> DocumentAdjustment {
    DocumentAdjustment {
        reason: of("Agreed"),
        basis: basis(text),
        vat: vat(tax),
    }
}

fn address(country: &str) -> Address {
    Address {
        line1: of("Main Street 1"),
        line2: None,
        city: of("Springfield"),
        postal_code: of("12345"),
        country: of(country),
    }
}

pub(crate) fn buyer() -> Buyer {
    Buyer {
        name: of("Buyer Ltd"),
        email: Some(of("buyer@example.com")),
        vat_id: None,
        address: address("FR"),
    }
}

pub(crate) fn seller() -> Seller {
    Seller {
        legal_name: of("Seller GmbH"),
        address: address("DE"),
        vat_id: Some(of("DE123456789")),
        registration_id: None,
        email: of("billing@example.com"),
        phone: None,
        iban: None,
        bic: None,
        logo: None,
    }
}

pub(crate) fn series() -> SeriesSnapshot {
    let [invoices, _] = SeriesSnapshot::defaults().unwrap();
    invoices
}

/// A draft with one line of 100.00 and 19.00 tax.
pub(crate) fn new_draft() -> NewDraft {
    NewDraft {
        buyer: Some(buyer()),
        lines: vec![line(1, "1", "100", "S 19")],
        ..NewDraft::new(Currency::EUR)
    }
}

pub(crate) fn create(new: NewDraft) -> InvoiceCommand {
    InvoiceCommand::CreateDraft(Box::new(new))
}

pub(crate) fn instruction() -> IssueInstruction {
    IssueInstruction {
        series: series(),
        issue_date: None,
        seller: Some(seller()),
        locale: Locale::En,
    }
}

pub(crate) fn issue() -> InvoiceCommand {
    InvoiceCommand::Issue(Box::new(instruction()))
}

pub(crate) fn delivery(number: u128) -> DeliveryRequest {
    DeliveryRequest {
        delivery_id: delivery_id(number),
        recipients: Vec::new(),
        locale: None,
        message: None,
    }
}

pub(crate) fn payment(number: u128, amount: &str) -> NewPayment {
    NewPayment {
        payment_id: payment_id(number),
        amount: money(amount),
        paid_on: TODAY,
        method: of("bank_transfer"),
        reference: None,
    }
}

pub(crate) fn pay(number: u128, amount: &str) -> InvoiceCommand {
    InvoiceCommand::RecordPayment(payment(number, amount))
}

/// Puts the number of the tests into the events, as the journal would.
pub(crate) fn numbered(decision: Decision<InvoiceEvent>) -> Vec<InvoiceEvent> {
    let number = decision.number.map(|request| AllocatedNumber {
        series: request.series,
        period: request.period,
        sequence: SEQUENCE,
    });
    let mut events = decision.events;
    if let Some(number) = &number {
        events
            .iter_mut()
            .for_each(|event| event.assign_number(number));
    }
    events
}

/// The events that commands come to, none of which may be refused.
pub(crate) fn history(commands: &[InvoiceCommand]) -> Vec<InvoiceEvent> {
    let mut state = Invoice::default();
    let mut events = Vec::new();
    for command in commands {
        for event in numbered(state.decide(command, &context()).unwrap()) {
            state.evolve(&event);
            events.push(event);
        }
    }
    events
}

/// A draft with one line of 100.00 and 19.00 tax.
pub(crate) fn drafted() -> Vec<InvoiceEvent> {
    history(&[create(new_draft())])
}

/// The same, issued: 119.00 to pay.
pub(crate) fn issued() -> Vec<InvoiceEvent> {
    history(&[create(new_draft()), issue()])
}

/// Some events, and what more commands come to after them.
pub(crate) fn after(
    mut events: Vec<InvoiceEvent>,
    commands: &[InvoiceCommand],
) -> Vec<InvoiceEvent> {
    let mut state = Invoice::fold(&events);
    for command in commands {
        for event in numbered(state.decide(command, &context()).unwrap()) {
            state.evolve(&event);
            events.push(event);
        }
    }
    events
}

pub(crate) fn given(events: Vec<InvoiceEvent>) -> AggregateTestExecutor<Root<Invoice>> {
    TestFramework::<Root<Invoice>>::with(DecisionServices {
        context: context(),
        next_sequence: SEQUENCE,
    })
    .given(facts(events))
}

pub(crate) fn facts(events: Vec<InvoiceEvent>) -> Vec<Fact<InvoiceEvent>> {
    events.into_iter().map(Fact).collect()
}

/// The draft that events lead to.
pub(crate) fn draft_of(events: &[InvoiceEvent]) -> DraftContent {
    Invoice::fold(events).as_draft().unwrap().clone()
}

/// The issued invoice that events lead to.
pub(crate) fn issued_of(events: &[InvoiceEvent]) -> IssuedInvoice {
    Invoice::fold(events).as_issued().unwrap().clone()
}

/// The event that froze the document.
pub(crate) fn issuance_of(events: &[InvoiceEvent]) -> InvoiceIssued {
    let found = events.iter().find_map(|event| match event {
        InvoiceEvent::InvoiceIssued(issued) => Some((**issued).clone()),
        _ => None,
    });
    found.unwrap()
}
