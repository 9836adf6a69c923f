//! Amounts that nobody means, and the unusual ones that somebody does.

use invoiceapp_domain::invoice::{
    DraftChanges, InvoiceCommand, InvoiceEvent, InvoiceLine, InvoiceRefusal, IssueInstruction,
    NewDraft, ROUNDING_UNITS_MAX, RefusalKind, Status,
};
use invoiceapp_domain::money::{Currency, Money};
use invoiceapp_domain::tax::{GrossPolicy, PriceMode};
use invoiceapp_domain::{Decider, invoice::Invoice};
use jiff::ToSpan;

use crate::drafting::{add, change};
use crate::support::{
    TODAY, after, context, create, delivery, document_adjustment, drafted, eur, given, history,
    instruction, issuance_of, issue, issued, line, line_adjustment, line_id, money, new_draft, of,
    vat,
};

/// What becomes of a command after some events.
fn outcome(events: &[InvoiceEvent], command: &InvoiceCommand) -> Result<(), InvoiceRefusal> {
    let decided = Invoice::fold(events).decide(command, &context());
    decided.map(|_| ())
}

/// Asserts how a refusal is told outside.
fn assert_told(refusal: &InvoiceRefusal, code: &str, field: &str) {
    assert_eq!(refusal.kind(), RefusalKind::Invalid);
    assert_eq!((refusal.code(), refusal.field()), (code, Some(field)));
}

/// A line with allowances and charges such as `"5 %"`.
fn adjusted(quantity: &str, price: &str, allowances: &[&str], charges: &[&str]) -> InvoiceLine {
    let list = |texts: &[&str]| texts.iter().map(|text| line_adjustment(text)).collect();
    InvoiceLine {
        allowances: list(allowances),
        charges: list(charges),
        ..line(2, quantity, price, "S 19")
    }
}

fn line_refusal(limit: &str, field: &'static str) -> InvoiceRefusal {
    InvoiceRefusal::LineAllowancesTooHigh {
        line_id: line_id(2),
        limit: eur(limit),
        field,
    }
}

#[test]
fn the_allowances_of_a_line_are_at_most_its_price_and_charges() {
    for (quantity, price, allowances, charges, limit) in [
        ("1", "20", vec!["500.00 EUR"], vec![], "20.00"),
        ("1", "20", vec!["15.00 EUR", "5.01 EUR"], vec![], "20.00"),
        ("1", "20", vec!["60 %", "60 %"], vec![], "20.00"),
        ("1", "20", vec!["25.01 EUR"], vec!["5.00 EUR"], "25.00"),
        ("1", "0", vec!["0.01 EUR"], vec![], "0.00"),
        ("-1", "20", vec!["500.00 EUR"], vec![], "20.00"),
        ("-1", "20", vec!["60 %", "60 %"], vec![], "20.00"),
        ("-1", "20", vec!["80 %"], vec!["5.00 EUR"], "15.00"),
    ] {
        let line = adjusted(quantity, price, &allowances, &charges);
        let refusal = line_refusal(limit, "/allowances");
        assert_told(&refusal, "invalid_amount", "/allowances");
        given(drafted()).when(add(line)).then_expect_error(refusal);
    }
}

#[test]
fn a_line_may_be_free_and_a_correction_may_have_allowances() {
    for (quantity, allowances, charges) in [
        ("1", vec!["20.00 EUR"], vec![]),
        ("1", vec!["100 %"], vec![]),
        ("1", vec!["25.00 EUR"], vec!["5.00 EUR"]),
        ("-1", vec!["10 %"], vec![]),
        ("-1", vec!["100 %"], vec![]),
    ] {
        let line = adjusted(quantity, "20", &allowances, &charges);
        assert_eq!(outcome(&drafted(), &add(line)), Ok(()));
    }
}

#[test]
fn too_high_allowances_of_a_line_are_found_wherever_a_body_has_lines() {
    let wrong = || adjusted("1", "20", &["500.00 EUR"], &[]);
    let new = NewDraft {
        lines: vec![line(1, "1", "1", "S 19"), wrong()],
        ..new_draft()
    };
    let refusal = line_refusal("20.00", "/lines");
    assert_told(&refusal, "invalid_amount", "/lines");
    given(Vec::new())
        .when(create(new))
        .then_expect_error(refusal.clone());
    let changes = DraftChanges {
        lines: Some(vec![wrong()]),
        ..DraftChanges::default()
    };
    given(drafted())
        .when(change(changes))
        .then_expect_error(refusal);
    let right = after(drafted(), &[add(line(2, "1", "20", "S 19"))]);
    given(right)
        .when(InvoiceCommand::ChangeLine(Box::new(wrong())))
        .then_expect_error(line_refusal("20.00", "/allowances"));
}

#[test]
fn document_allowances_are_at_most_the_lines_and_charges_of_their_category_and_rate() {
    for (quantity, allowances, tax, limit) in [
        ("1", vec!["1000000.00 EUR"], "S 19", "110.00"),
        ("1", vec!["100.00 EUR", "10.01 EUR"], "S 19", "110.00"),
        ("1", vec!["0.01 EUR"], "S 7", "0.00"),
        ("-1", vec!["90.01 EUR"], "S 19", "90.00"),
        ("-1", vec!["95 %"], "S 19", "90.00"),
    ] {
        let adjustments = allowances
            .iter()
            .map(|text| document_adjustment(text, tax))
            .collect();
        let new = NewDraft {
            lines: vec![line(1, quantity, "100", "S 19")],
            allowances: adjustments,
            charges: vec![document_adjustment("10.00 EUR", "S 19")],
            ..new_draft()
        };
        let refusal = InvoiceRefusal::AllowancesTooHigh {
            vat: vat(tax),
            limit: eur(limit),
        };
        assert_told(&refusal, "invalid_amount", "/allowances");
        given(history(&[create(new)]))
            .when(issue())
            .then_expect_error(refusal);
    }
}

#[test]
fn an_invoice_may_be_discounted_to_nothing() {
    for allowance in ["100 %", "100.00 EUR"] {
        for price_mode in [PriceMode::Net, PriceMode::Gross] {
            let new = NewDraft {
                price_mode,
                allowances: vec![document_adjustment(allowance, "S 19")],
                ..new_draft()
            };
            let document = issuance_of(&history(&[create(new), issue()])).document;
            assert_eq!(document.totals.payable, eur("0.00"));
        }
    }
}

#[test]
fn what_is_prepaid_is_at_most_what_would_be_due() {
    for (prepaid, rounding, limit) in [
        ("1000000.00", "0.00", "119.00"),
        ("119.01", "0.00", "119.00"),
        ("119.00", "-0.02", "118.98"),
    ] {
        let new = NewDraft {
            prepaid: Some(eur(prepaid)),
            rounding: Some(eur(rounding)),
            ..new_draft()
        };
        let refusal = InvoiceRefusal::PrepaidTooHigh { limit: eur(limit) };
        assert_told(&refusal, "invalid_amount", "/prepaid");
        given(history(&[create(new)]))
            .when(issue())
            .then_expect_error(refusal);
    }
}

#[test]
fn nothing_is_prepaid_on_a_correction_that_pays_back() {
    let correction = |prepaid| NewDraft {
        lines: vec![line(1, "-1", "100", "S 19")],
        prepaid: Some(eur(prepaid)),
        ..new_draft()
    };
    given(history(&[create(correction("0.01"))]))
        .when(issue())
        .then_expect_error(InvoiceRefusal::PrepaidTooHigh { limit: eur("0.00") });
    let events = history(&[create(correction("0.00")), issue()]);
    let totals = issuance_of(&events).document.totals;
    assert_eq!(totals.payable, eur("-119.00"));
    assert_eq!(Invoice::fold(&events).status(TODAY), Some(Status::Paid));
}

#[test]
fn an_invoice_may_be_prepaid_in_full() {
    let new = NewDraft {
        prepaid: Some(eur("119.00")),
        ..new_draft()
    };
    let document = issuance_of(&history(&[create(new), issue()])).document;
    assert_eq!(document.totals.payable, eur("0.00"));
    // Strict prices with tax move a cent from the total into the rounding amount.
    for price in ["0.03", "0.10", "1.00", "1.09", "83.20"] {
        let new = NewDraft {
            price_mode: PriceMode::Gross,
            gross_policy: GrossPolicy::Strict,
            lines: vec![line(1, "1", price, "S 19")],
            prepaid: Some(eur(price)),
            ..new_draft()
        };
        let document = issuance_of(&history(&[create(new), issue()])).document;
        assert_eq!(document.totals.payable, eur("0.00"));
    }
}

#[test]
fn a_draft_may_be_written_in_any_order() {
    let new = NewDraft {
        lines: Vec::new(),
        allowances: vec![document_adjustment("50.00 EUR", "S 19")],
        prepaid: Some(eur("59.50")),
        ..new_draft()
    };
    let over = history(&[create(new)]);
    let whole = after(over, &[add(line(2, "1", "100", "S 19")), issue()]);
    assert_eq!(issuance_of(&whole).document.totals.payable, eur("0.00"));
}

#[test]
fn a_draft_that_asks_for_too_much_is_not_issued_by_sending_it() {
    let new = NewDraft {
        prepaid: Some(eur("119.01")),
        ..new_draft()
    };
    let send = InvoiceCommand::Send {
        issue: Box::new(instruction()),
        delivery: delivery(1),
    };
    given(history(&[create(new)]))
        .when(send)
        .then_expect_error(InvoiceRefusal::PrepaidTooHigh {
            limit: eur("119.00"),
        });
}

#[test]
fn a_rounding_amount_is_at_most_a_few_units_of_the_currency() {
    assert_eq!(ROUNDING_UNITS_MAX, 10);
    for (currency, most, over) in [
        ("EUR", "10.00", "10.01"),
        ("JPY", "10", "11"),
        ("KWD", "10.000", "10.001"),
    ] {
        let currency: Currency = of(currency);
        for sign in ["", "-"] {
            let rounded = |amount: &str| {
                let rounding = Money::parse_signed(&format!("{sign}{amount}"), currency);
                create(NewDraft {
                    rounding: Some(rounding.unwrap()),
                    ..NewDraft::new(currency)
                })
            };
            assert_eq!(outcome(&[], &rounded(most)), Ok(()));
            let limit = money(&format!("{most} {currency}"));
            let refusal = InvoiceRefusal::RoundingTooHigh { limit };
            assert_told(&refusal, "invalid_amount", "/rounding");
            given(Vec::new())
                .when(rounded(over))
                .then_expect_error(refusal);
        }
    }
    let changes = DraftChanges {
        rounding: Some(eur("1000000.00")),
        ..DraftChanges::default()
    };
    given(drafted())
        .when(change(changes))
        .then_expect_error(InvoiceRefusal::RoundingTooHigh {
            limit: eur("10.00"),
        });
}

#[test]
fn a_draft_of_older_rules_is_measured_again_at_issue() {
    let rounded = InvoiceEvent::RoundingSet {
        rounding: eur("1000000.00"),
    };
    let mut events = drafted();
    events.push(rounded);
    given(events)
        .when(issue())
        .then_expect_error(InvoiceRefusal::RoundingTooHigh {
            limit: eur("10.00"),
        });
    let wrong = adjusted("1", "20", &["500.00 EUR"], &[]);
    let mut events = drafted();
    events.push(InvoiceEvent::LineAdded {
        line: Box::new(wrong),
    });
    given(events)
        .when(issue())
        .then_expect_error(line_refusal("20.00", "/lines"));
}

#[test]
fn what_can_never_be_right_names_its_field() {
    let far = TODAY.checked_add(1_000.days()).unwrap();
    let ahead = InvoiceCommand::Issue(Box::new(IssueInstruction {
        issue_date: Some(far),
        ..instruction()
    }));
    let refusal = outcome(&drafted(), &ahead).unwrap_err();
    assert_eq!(refusal, InvoiceRefusal::IssueDateTooFarAhead);
    assert_told(&refusal, "invalid_value", "/issue_date");

    let mut many = delivery(1);
    many.recipients = (0..21).map(|n| of(&format!("r{n}@example.com"))).collect();
    let request = InvoiceCommand::RequestDelivery(many);
    let refusal = outcome(&issued(), &request).unwrap_err();
    assert_eq!(refusal, InvoiceRefusal::TooManyRecipients);
    assert_told(&refusal, "invalid_value", "/recipients");
}
