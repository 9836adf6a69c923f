//! The invoice view: what its lists filter by, and what it adds to the dashboard.

use invoiceapp_domain::invoice::{Invoice, IssuedInvoice, SettlementStatus, Status};
use invoiceapp_domain::money::Money;
use invoiceapp_journal::loaded::Loaded;
use jiff::civil::Date;

use crate::dashboard::{Bucket, BucketKey, Measure};
use crate::document::{FieldValue, Indexed};
use crate::query::Condition;
use crate::register::{RegisterPlace, RegisteredNumber};

/// The invoice's number; the first field, looked up exactly.
pub const NUMBER: &str = "number";
/// The stage, and of an issued invoice whether something is left to pay: `draft`, `discarded`,
/// `open`, `paid`, `written_off`, `void`.
pub const STATE: &str = "state";
/// The buyer's name.
pub const BUYER: &str = "buyer";
/// ISO 4217 code.
pub const CURRENCY: &str = "currency";
/// `YYYY-MM-DD`.
pub const ISSUE_DATE: &str = "issue_date";
/// `YYYY-MM-DD`.
pub const DUE_DATE: &str = "due_date";
/// The balance in ten-thousandths of the currency's unit, so that currencies compare alike.
pub const BALANCE: &str = "balance";
/// Everything that `q` looks in, in lower case.
pub const SEARCH: &str = "search";

/// Decimals of the scale that [`BALANCE`] is in: the largest exponent of ISO 4217.
pub const BALANCE_DECIMALS: u32 = 4;

impl Indexed for Invoice {
    const FIELDS: &'static [&'static str] = &[
        NUMBER, STATE, BUYER, CURRENCY, ISSUE_DATE, DUE_DATE, BALANCE, SEARCH,
    ];

    fn fields(loaded: &Loaded<Self>) -> Vec<FieldValue> {
        let issued = loaded.state.as_issued();
        let document = issued.map(|issued| &issued.document);
        let number = document.map(|document| document.number.text.clone());
        let buyer = buyer_name(&loaded.state);
        let search = search_text(&loaded.state, number.as_deref(), buyer.as_deref());
        vec![
            number.into(),
            state_word(&loaded.state).into(),
            buyer.into(),
            loaded
                .state
                .currency()
                .map(|currency| currency.code())
                .into(),
            document
                .map(|document| document.issue_date.to_string())
                .into(),
            document
                .map(|document| document.due_date.to_string())
                .into(),
            issued.map(|issued| scaled(issued.balance())).into(),
            search.into(),
        ]
    }

    fn buckets(loaded: &Loaded<Self>) -> Vec<Bucket> {
        dashboard_contribution(loaded)
    }

    fn number(loaded: &Loaded<Self>) -> Option<RegisteredNumber> {
        let issued = loaded.state.as_issued()?;
        let number = &issued.document.number;
        Some(RegisteredNumber {
            tenant: loaded.stream.tenant.clone(),
            series: number.series.clone(),
            place: RegisterPlace {
                period: number.period.clone(),
                sequence: number.sequence,
                invoice_id: loaded.stream.key.clone(),
            },
            number: number.text.clone(),
            issue_date: issued.document.issue_date,
            document_status: loaded.state.document_status()?,
            settlement_status: issued.settlement_status(),
            position: loaded.position,
        })
    }
}

/// The status word as far as it does not depend on the day.
fn state_word(invoice: &Invoice) -> Option<&'static str> {
    // Before any due date nothing is overdue.
    let status = invoice.status(Date::MIN)?;
    Some(status.as_str())
}

fn buyer_name(invoice: &Invoice) -> Option<String> {
    let buyer = match invoice {
        Invoice::Absent => None,
        Invoice::Draft(draft) => draft.buyer.as_ref(),
        Invoice::Discarded(discarded) => discarded.content.buyer.as_ref(),
        Invoice::Issued(issued) => Some(&issued.document.buyer),
    };
    buyer.map(|buyer| buyer.name.as_str().to_owned())
}

fn search_text(invoice: &Invoice, number: Option<&str>, buyer: Option<&str>) -> String {
    let purchase_order = match invoice {
        Invoice::Absent => None,
        Invoice::Draft(draft) => draft.terms.purchase_order.as_ref(),
        Invoice::Discarded(discarded) => discarded.content.terms.purchase_order.as_ref(),
        Invoice::Issued(issued) => issued.document.purchase_order.as_ref(),
    };
    let words = [
        number,
        buyer,
        purchase_order.map(|reference| reference.as_str()),
    ];
    words
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n")
        .to_lowercase()
}

/// A balance as [`BALANCE`] has it. It is only compared with the least balance that a list asks for,
/// which is an amount of four decimals and so below the end of `i64`: a balance beyond that end
/// stays there and is still greater.
fn scaled(money: Money) -> i64 {
    let decimals = BALANCE_DECIMALS.saturating_sub(money.currency().exponent());
    money
        .minor()
        .saturating_mul(10_i64.saturating_pow(decimals))
}

/// What a list by status word asks for on a day: the one word that depends on it is `overdue`.
#[must_use]
pub fn status_condition(status: Status, today: Date) -> Condition {
    let open = Condition::Equals(STATE, Status::Open.as_str().into());
    let today = FieldValue::from(today.to_string());
    match status {
        Status::Overdue => Condition::All(vec![open, Condition::Below(DUE_DATE, today)]),
        Status::Open => Condition::All(vec![open, Condition::AtLeast(DUE_DATE, today)]),
        Status::Draft | Status::Discarded | Status::Paid | Status::WrittenOff | Status::Void => {
            Condition::Equals(STATE, status.as_str().into())
        }
    }
}

/// What an invoice adds to its tenant's counters.
#[must_use]
pub fn dashboard_contribution(loaded: &Loaded<Invoice>) -> Vec<Bucket> {
    let (Some(currency), Some(word)) = (loaded.state.currency(), state_word(&loaded.state)) else {
        return Vec::new();
    };
    let bucket = |measure, bucket: String, minor: i64| Bucket {
        key: BucketKey {
            tenant: loaded.stream.tenant.clone(),
            currency: currency.code().to_owned(),
            measure,
            bucket,
        },
        count: 1,
        minor: i128::from(minor),
    };
    let mut buckets = vec![bucket(
        Measure::Status,
        word.to_owned(),
        payable(&loaded.state),
    )];
    if let Some(issued) = loaded.state.as_issued() {
        if issued.settlement_status() != SettlementStatus::Paid {
            let due = issued.document.due_date.to_string();
            buckets.push(bucket(Measure::Due, due, issued.balance().minor()));
        }
        buckets.extend(payments(issued).map(|(day, minor)| bucket(Measure::Paid, day, minor)));
    }
    buckets
}

fn payable(invoice: &Invoice) -> i64 {
    let of_draft = || {
        invoice
            .as_draft()?
            .amounts()
            .ok()
            .map(|amounts| amounts.totals.payable)
    };
    let of_issued = invoice
        .as_issued()
        .map(|issued| issued.document.totals.payable);
    of_issued.or_else(of_draft).map_or(0, Money::minor)
}

fn payments(issued: &IssuedInvoice) -> impl Iterator<Item = (String, i64)> {
    let standing = issued.payments.standing.iter();
    standing.map(|payment| (payment.paid_on.to_string(), payment.amount.minor()))
}
