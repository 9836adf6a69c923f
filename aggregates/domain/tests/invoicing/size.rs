//! The largest documents still fit one append of the journal.

use invoiceapp_domain::invoice::{
    DOCUMENT_ADJUSTMENTS_MAX, DRAFT_WEIGHT_MAX, Invoice, InvoiceEvent, InvoiceLine,
    LINE_ADJUSTMENTS_MAX, LINES_MAX, LineAdjustment, NewDraft, Terms,
};
use invoiceapp_domain::{Decider, Decision};

use crate::support::{
    buyer, context, create, document_adjustment, draft_of, history, issue, line, of,
};

/// What one append of the journal may carry, in bytes of payload.
const APPEND_BYTES_MAX: usize = 4 << 20;

fn size(decision: &Decision<InvoiceEvent>) -> usize {
    decision
        .events
        .iter()
        .map(|event| serde_json::to_vec(event).unwrap().len())
        .sum()
}

/// Drafts and issues, and gives the bytes of lines as they are counted and as they are stored.
fn weighed(lines: Vec<InvoiceLine>) -> (usize, usize) {
    let adjustment = document_adjustment("90000000000.00 EUR", "S 19");
    let new = NewDraft {
        buyer: Some(buyer()),
        lines,
        terms: Terms {
            note: Some(of(&"\"".repeat(5_000))),
            ..Terms::default()
        },
        allowances: vec![adjustment.clone(); DOCUMENT_ADJUSTMENTS_MAX],
        charges: vec![adjustment; DOCUMENT_ADJUSTMENTS_MAX],
        ..NewDraft::new(of("EUR"))
    };
    let drafted = history(&[create(new)]);
    let draft = draft_of(&drafted);
    let issued = Invoice::fold(&drafted)
        .decide(&issue(), &context())
        .unwrap();
    assert!(size(&issued) <= APPEND_BYTES_MAX, "{} bytes", size(&issued));
    let [InvoiceEvent::InvoiceIssued(issuance)] = issued.events.as_slice() else {
        panic!("not issued")
    };
    let stored = serde_json::to_vec(&issuance.document.lines).unwrap().len();
    (draft.weight(), stored)
}

/// The longest of everything that is not a text.
fn longest(number: u128) -> InvoiceLine {
    InvoiceLine {
        product_id: Some("018f0000-0000-7000-8000-000000000000".parse().unwrap()),
        price_version: Some(u32::MAX),
        sku: Some(of(&"s".repeat(64))),
        name: of(&"\\".repeat(200)),
        quantity: of("-10.000001"),
        unit_price: of("1000000000.0000000001"),
        price_base_quantity: Some(of("1.000001")),
        vat: crate::support::vat("S 9.9999"),
        ..line(number, "1", "1", "S 19")
    }
}

#[test]
fn as_many_lines_as_allowed_fit_one_append() {
    let last = u128::try_from(LINES_MAX).unwrap();
    let (counted, stored) = weighed((1..=last).map(longest).collect());
    assert!(counted <= DRAFT_WEIGHT_MAX);
    assert!(
        stored <= counted,
        "{stored} bytes were counted as {counted}"
    );
}

#[test]
fn allowances_and_words_are_counted_as_what_they_take() {
    let adjustment = LineAdjustment {
        reason: of(&"\"".repeat(500)),
        basis: crate::support::basis("90000000000.00 EUR"),
    };
    let wordy = |number| InvoiceLine {
        description: Some(of(&"\"\\".repeat(2_500))),
        // As much as the charges, which a negative line would not leave to be taken off.
        quantity: of("10.000001"),
        allowances: vec![adjustment.clone(); LINE_ADJUSTMENTS_MAX],
        charges: vec![adjustment.clone(); LINE_ADJUSTMENTS_MAX],
        ..longest(number)
    };
    let (counted, stored) = weighed((1..=25).map(wordy).collect());
    assert!(
        stored <= counted,
        "{stored} bytes were counted as {counted}"
    );
}
