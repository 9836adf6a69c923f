//! Documents that a person could type, small enough for exact decimals of 28 digits.

use invoiceapp_domain::Decider;
use invoiceapp_domain::invoice::{
    DocumentAdjustment, Invoice, InvoiceLine, InvoiceRefusal, LineAdjustment, NewDraft,
    ROUNDING_UNITS_MAX,
};
use invoiceapp_domain::money::{Currency, Money, Quantity};
use invoiceapp_domain::tax::{AdjustmentBasis, GrossPolicy, PriceMode, Vat};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{buyer, context, create, line, line_id, of, vat};

/// Most lines of a generated document.
const GENERATED_LINES_MAX: usize = 6;

pub(crate) fn currencies() -> impl Strategy<Value = Currency> {
    select(vec!["JPY", "EUR", "KWD", "CLF"]).prop_map(of)
}

pub(crate) fn vats() -> impl Strategy<Value = Vat> {
    let texts = [
        "S 25", "S 19", "S 7", "S 5.5", "S 9.975", "Z 0", "E 0", "G 0",
    ];
    select(texts.to_vec()).prop_map(vat)
}

fn bases(currency: Currency) -> impl Strategy<Value = AdjustmentBasis> {
    prop_oneof![
        (0..=1_000_000_i64).prop_map(move |minor| AdjustmentBasis::Amount(
            Money::from_minor(minor, currency).unwrap()
        )),
        (0..=100_u32, 0..=9_999_u32).prop_map(|(whole, part)| {
            let text = if whole == 100 {
                "100".to_owned()
            } else {
                format!("{whole}.{part:04}")
            };
            AdjustmentBasis::Percent(of(&text))
        }),
    ]
}

fn line_adjustments(currency: Currency) -> impl Strategy<Value = Vec<LineAdjustment>> {
    let one = bases(currency).prop_map(|basis| LineAdjustment {
        reason: of("Agreed"),
        basis,
    });
    vec(one, 0..3)
}

fn document_adjustments(currency: Currency) -> impl Strategy<Value = Vec<DocumentAdjustment>> {
    let one = (bases(currency), vats()).prop_map(|(basis, vat)| DocumentAdjustment {
        reason: of("Agreed"),
        basis,
        vat,
    });
    vec(one, 0..3)
}

fn decimal(whole: u64, part: u64, decimals: usize) -> String {
    format!("{whole}.{part:0decimals$}")
}

fn quantities() -> impl Strategy<Value = Quantity> {
    let scaled = (any::<bool>(), 0..1_000_u64, 0..1_000_000_u64);
    scaled.prop_filter_map("not zero", |(negative, whole, part)| {
        let sign = if negative { "-" } else { "" };
        Quantity::parse(&format!("{sign}{}", decimal(whole, part, 6))).ok()
    })
}

/// Bases by which a decimal can be divided without an end.
fn base_quantities() -> impl Strategy<Value = Option<Quantity>> {
    option::of(select(vec!["1", "2", "4", "5", "10", "100", "0.5"]).prop_map(of))
}

pub(crate) fn lines(currency: Currency) -> impl Strategy<Value = InvoiceLine> {
    let price = (0..100_000_u64, 0..10_000_000_000_u64);
    let adjustments = (line_adjustments(currency), line_adjustments(currency));
    (quantities(), price, base_quantities(), vats(), adjustments).prop_map(
        |(quantity, (whole, part), price_base_quantity, vat, (allowances, charges))| InvoiceLine {
            quantity,
            unit_price: of(&decimal(whole, part, 10)),
            price_base_quantity,
            vat,
            allowances,
            charges,
            ..line(0, "1", "1", "S 19")
        },
    )
}

/// The line, without allowances that are more than it may have.
fn allowed(mut line: InvoiceLine, currency: Currency) -> InvoiceLine {
    let new = NewDraft {
        lines: vec![line.clone()],
        ..NewDraft::new(currency)
    };
    let decided = Invoice::default().decide(&create(new), &context());
    if let Err(InvoiceRefusal::LineAllowancesTooHigh { .. }) = decided {
        line.allowances.clear();
    }
    line
}

fn with_ids(mut lines: Vec<InvoiceLine>) -> Vec<InvoiceLine> {
    for (number, line) in (1_u128..).zip(&mut lines) {
        line.line_id = line_id(number);
    }
    lines
}

/// A draft that is accepted, with lines, allowances and charges on both levels, in any mode and
/// currency. At issue it may still be refused.
pub(crate) fn drafts() -> impl Strategy<Value = NewDraft> {
    currencies().prop_flat_map(|currency| {
        let modes = (
            select(vec![PriceMode::Net, PriceMode::Gross]),
            select(vec![GrossPolicy::AnchorGross, GrossPolicy::Strict]),
        );
        let most = Money::from_units(ROUNDING_UNITS_MAX, currency)
            .unwrap()
            .minor()
            .min(500);
        let amounts = (0..=100_000_i64, -most..=most);
        let adjustments = (
            document_adjustments(currency),
            document_adjustments(currency),
        );
        let lines = lines(currency).prop_map(move |line| allowed(line, currency));
        let lines = vec(lines, 1..GENERATED_LINES_MAX).prop_map(with_ids);
        (modes, amounts, adjustments, lines).prop_map(
            move |((price_mode, gross_policy), (prepaid, rounding), adjustments, lines)| {
                let amount = |minor| Some(Money::from_minor(minor, currency).unwrap());
                NewDraft {
                    price_mode,
                    gross_policy,
                    buyer: Some(buyer()),
                    lines,
                    allowances: adjustments.0,
                    charges: adjustments.1,
                    prepaid: amount(prepaid),
                    rounding: amount(rounding),
                    ..NewDraft::new(currency)
                }
            },
        )
    })
}
