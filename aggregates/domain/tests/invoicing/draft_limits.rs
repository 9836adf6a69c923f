//! What a draft may hold: currencies, signs, dates, and how much of everything.

use invoiceapp_domain::Decider;
use invoiceapp_domain::invoice::{
    DOCUMENT_ADJUSTMENTS_MAX, DRAFT_WEIGHT_MAX, DraftChanges, Due, Invoice, InvoiceLine,
    InvoiceRefusal, LINE_ADJUSTMENTS_MAX, LINES_MAX, NewDraft,
};
use invoiceapp_domain::patch::Patch;
use jiff::civil::date;

use crate::drafting::{add, change};
use crate::support::{
    context, create, document_adjustment, drafted, eur, given, history, line, line_adjustment,
    money, new_draft, of,
};

/// The refusal of creating this draft.
fn refusal_of(new: NewDraft) -> InvoiceRefusal {
    Invoice::default()
        .decide(&create(new), &context())
        .unwrap_err()
}

#[test]
fn the_currency_never_changes() {
    let changes = DraftChanges {
        currency: Some(of("USD")),
        ..DraftChanges::default()
    };
    given(drafted())
        .when(change(changes))
        .then_expect_error(InvoiceRefusal::CurrencyMismatch);
}

#[test]
fn every_amount_is_in_the_documents_currency() {
    let foreign_line = InvoiceLine {
        allowances: vec![line_adjustment("1.00 USD")],
        ..line(2, "1", "1", "S 19")
    };
    given(drafted())
        .when(add(foreign_line))
        .then_expect_error(InvoiceRefusal::CurrencyMismatch);
    let foreign = || money("1 USD");
    for changes in [
        DraftChanges {
            prepaid: Some(foreign()),
            ..DraftChanges::default()
        },
        DraftChanges {
            rounding: Some(foreign()),
            ..DraftChanges::default()
        },
        DraftChanges {
            charges: Some(vec![document_adjustment("1 USD", "S 19")]),
            ..DraftChanges::default()
        },
    ] {
        given(drafted())
            .when(change(changes))
            .then_expect_error(InvoiceRefusal::CurrencyMismatch);
    }
}

#[test]
fn allowances_charges_and_prepaid_amounts_are_not_negative() {
    let negative = InvoiceLine {
        charges: vec![line_adjustment("-1.00 EUR")],
        ..line(2, "1", "1", "S 19")
    };
    let what = "an allowance or charge";
    given(drafted())
        .when(add(negative))
        .then_expect_error(InvoiceRefusal::AmountTooLow {
            what,
            field: "/charges",
            zero_allowed: true,
        });
    let changes = DraftChanges {
        prepaid: Some(eur("-1")),
        ..DraftChanges::default()
    };
    let what = "the prepaid amount";
    given(drafted())
        .when(change(changes))
        .then_expect_error(InvoiceRefusal::AmountTooLow {
            what,
            field: "/prepaid",
            zero_allowed: true,
        });
}

#[test]
fn a_price_is_for_more_than_nothing() {
    let bad = InvoiceLine {
        price_base_quantity: Some(of("-2")),
        ..line(2, "1", "1", "S 19")
    };
    given(drafted())
        .when(add(bad))
        .then_expect_error(InvoiceRefusal::BaseQuantityNotPositive {
            field: "/price_base_quantity",
        });
}

#[test]
fn a_line_beyond_every_amount_is_refused() {
    let huge = line(2, "1000000000", "1000000000000000", "S 19");
    given(drafted())
        .when(add(huge))
        .then_expect_error(InvoiceRefusal::AmountTooLarge { field: "" });
}

#[test]
fn lines_that_are_amounts_alone_are_refused_when_their_sum_is_none() {
    let new = NewDraft {
        lines: vec![line(1, "80", "1000000000000", "Z 0")],
        ..new_draft()
    };
    given(history(&[create(new)]))
        .when(add(line(2, "80", "1000000000000", "Z 0")))
        .then_expect_error(InvoiceRefusal::AmountTooLarge { field: "" });
}

#[test]
fn a_date_lies_in_a_year_of_four_digits() {
    let due = Patch::Set(Due::Date(date(9999, 1, 1)));
    let changes = DraftChanges {
        due,
        ..DraftChanges::default()
    };
    let what = "due date";
    given(drafted())
        .when(change(changes))
        .then_expect_error(InvoiceRefusal::DateOutOfRange {
            what,
            field: "/due_date",
        });
    let delivery_date = Patch::Set(date(-44, 3, 15));
    let changes = DraftChanges {
        delivery_date,
        ..DraftChanges::default()
    };
    let what = "delivery date";
    given(drafted())
        .when(change(changes))
        .then_expect_error(InvoiceRefusal::DateOutOfRange {
            what,
            field: "/delivery_date",
        });
}

#[test]
fn an_invoice_has_a_limited_number_of_lines() {
    let last = u128::try_from(LINES_MAX).unwrap();
    let lines = (1..=last)
        .map(|number| line(number, "1", "1", "S 19"))
        .collect();
    let full = history(&[create(NewDraft {
        lines,
        ..new_draft()
    })]);
    let refusal = InvoiceRefusal::LimitReached {
        what: "lines",
        max: LINES_MAX,
    };
    given(full)
        .when(add(line(last + 1, "1", "1", "S 19")))
        .then_expect_error(refusal);
}

#[test]
fn allowances_and_charges_are_limited() {
    let many = vec![line_adjustment("1 %"); LINE_ADJUSTMENTS_MAX + 1];
    let max = LINE_ADJUSTMENTS_MAX;
    let allowed = InvoiceLine {
        allowances: many.clone(),
        ..line(1, "1", "1", "S 19")
    };
    let what = "allowances of a line";
    let refusal = refusal_of(NewDraft {
        lines: vec![allowed],
        ..new_draft()
    });
    assert_eq!(refusal, InvoiceRefusal::LimitReached { what, max });
    let charged = InvoiceLine {
        charges: many,
        ..line(1, "1", "1", "S 19")
    };
    let what = "charges of a line";
    let refusal = refusal_of(NewDraft {
        lines: vec![charged],
        ..new_draft()
    });
    assert_eq!(refusal, InvoiceRefusal::LimitReached { what, max });

    let many = vec![document_adjustment("1 %", "S 19"); DOCUMENT_ADJUSTMENTS_MAX + 1];
    let max = DOCUMENT_ADJUSTMENTS_MAX;
    let refusal = refusal_of(NewDraft {
        allowances: many.clone(),
        ..new_draft()
    });
    assert_eq!(
        refusal,
        InvoiceRefusal::LimitReached {
            what: "allowances",
            max
        }
    );
    let refusal = refusal_of(NewDraft {
        charges: many,
        ..new_draft()
    });
    assert_eq!(
        refusal,
        InvoiceRefusal::LimitReached {
            what: "charges",
            max
        }
    );
}

#[test]
fn the_words_of_all_lines_are_limited() {
    let wordy = |number| InvoiceLine {
        description: Some(of(&"ö".repeat(5_000))),
        ..line(number, "1", "1", "S 19")
    };
    let refusal = refusal_of(NewDraft {
        lines: (1..=400).map(wordy).collect(),
        ..new_draft()
    });
    let what = "bytes of lines";
    assert_eq!(
        refusal,
        InvoiceRefusal::LimitReached {
            what,
            max: DRAFT_WEIGHT_MAX
        }
    );
}
