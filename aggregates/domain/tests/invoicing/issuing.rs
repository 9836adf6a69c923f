//! Issuing: what is frozen, and what is refused.

use invoiceapp_domain::invoice::{
    Due, ISSUE_DAYS_AHEAD_MAX, Invoice, InvoiceCommand, InvoiceEvent, InvoiceRefusal,
    IssueInstruction, MissingField, NetDays, NewDraft, Terms,
};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::Currency;
use invoiceapp_domain::numbering::SeriesSnapshot;
use invoiceapp_domain::party::{Buyer, Seller};
use invoiceapp_domain::tax::POLICY_VERSION;
use invoiceapp_domain::{Decider, NumberRequest};
use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::support::{
    TODAY, buyer, context, create, delivery, document_adjustment, drafted, eur, given, history,
    instruction, issuance_of, issue, issued, line, new_draft, of, seller, series,
};

fn issue_with(instruction: IssueInstruction) -> InvoiceCommand {
    InvoiceCommand::Issue(Box::new(instruction))
}

fn issue_on(issue_date: Date) -> InvoiceCommand {
    issue_with(IssueInstruction {
        issue_date: Some(issue_date),
        ..instruction()
    })
}

fn drafted_with_terms(terms: Terms) -> Vec<InvoiceEvent> {
    history(&[create(NewDraft {
        terms,
        ..new_draft()
    })])
}

#[test]
fn issuing_asks_the_journal_for_the_next_number() {
    let decision = Invoice::fold(&drafted())
        .decide(&issue(), &context())
        .unwrap();
    let request = NumberRequest {
        series: "INV".into(),
        period: "2026".into(),
        first: 1,
        date: TODAY,
    };
    assert_eq!(decision.number, Some(request));
}

#[test]
fn an_issued_invoice_has_the_number_that_the_journal_allotted() {
    let events = given(drafted()).when(issue()).inspect_result().unwrap();
    let number = &issuance_of(&[events[0].0.clone()]).document.number;
    assert_eq!(number.text, "INV-2026-00007");
    assert_eq!(
        (
            number.series.as_str(),
            number.period.as_str(),
            number.sequence
        ),
        ("INV", "2026", 7)
    );
}

#[test]
fn an_issued_invoice_is_complete() {
    let terms = Terms {
        due: Some(Due::NetDays(NetDays::try_from(30).unwrap())),
        delivery_date: Some(date(2026, 11, 20)),
        note: Some(of("Thank you")),
        purchase_order: Some(of("PO-1")),
    };
    let new = NewDraft {
        terms,
        allowances: vec![document_adjustment("10 %", "S 19")],
        prepaid: Some(eur("7.10")),
        ..new_draft()
    };
    let command = issue_with(IssueInstruction {
        locale: Locale::De,
        ..instruction()
    });
    let issuance = issuance_of(&history(&[create(new), command]));
    let document = &issuance.document;
    assert_eq!(document.issue_date, TODAY);
    assert_eq!(document.due_date, date(2026, 12, 22));
    assert_eq!(document.delivery_date, Some(date(2026, 11, 20)));
    assert_eq!(document.note, Some(of("Thank you")));
    assert_eq!(document.purchase_order, Some(of("PO-1")));
    assert_eq!(document.locale, Locale::De);
    assert_eq!((&document.seller, &document.buyer), (&seller(), &buyer()));
    assert_eq!(document.lines[0].amounts.net_amount, eur("100.00"));
    assert_eq!(document.allowances[0].amounts.net_amount, eur("10.00"));
    assert_eq!(document.totals.payable, eur("100.00"));
    assert_eq!(document.policy_version, POLICY_VERSION);
    assert_eq!(issuance.series, series());
}

#[test]
fn the_content_hash_covers_the_number() {
    let issuance = issuance_of(&issued());
    assert_eq!(issuance.content_hash, issuance.document.content_hash());
    let mut other = issuance.document.clone();
    other.number.sequence += 1;
    assert_ne!(issuance.content_hash, other.content_hash());
}

#[test]
fn the_content_hash_survives_storage() {
    let issuance = issuance_of(&issued());
    let stored = serde_json::to_string(&InvoiceEvent::InvoiceIssued(Box::new(issuance))).unwrap();
    let read: InvoiceEvent = serde_json::from_str(&stored).unwrap();
    let read = issuance_of(&[read]);
    assert_eq!(read.content_hash, read.document.content_hash());
}

#[test]
fn an_invoice_is_due_when_it_is_issued_unless_something_else_was_agreed() {
    assert_eq!(issuance_of(&issued()).document.due_date, TODAY);
}

#[test]
fn an_invoice_is_dated_as_asked() {
    let document =
        issuance_of(&history(&[create(new_draft()), issue_on(date(2026, 3, 1))])).document;
    assert_eq!(document.issue_date, date(2026, 3, 1));
}

#[test]
fn an_issued_invoice_cannot_be_issued_again() {
    given(issued())
        .when(issue())
        .then_expect_error(InvoiceRefusal::NotDraft);
}

#[test]
fn an_invoice_without_lines_is_not_issued() {
    let empty = history(&[create(NewDraft {
        lines: Vec::new(),
        ..new_draft()
    })]);
    given(empty)
        .when(issue())
        .then_expect_error(InvoiceRefusal::NoLines);
}

#[test]
fn nobody_issues_without_having_said_who_they_are() {
    let missing = vec![MissingField::Seller];
    given(drafted())
        .when(issue_with(IssueInstruction {
            seller: None,
            ..instruction()
        }))
        .then_expect_error(InvoiceRefusal::SellerIncomplete { missing });
}

#[test]
fn a_seller_has_an_identifier() {
    let anonymous = Seller {
        vat_id: None,
        ..seller()
    };
    let missing = vec![MissingField::SellerVatId];
    given(drafted())
        .when(issue_with(IssueInstruction {
            seller: Some(anonymous.clone()),
            ..instruction()
        }))
        .then_expect_error(InvoiceRefusal::SellerIncomplete { missing });
    let registered = Seller {
        registration_id: Some(of("HRB 1")),
        ..anonymous
    };
    given(drafted())
        .when(issue_with(IssueInstruction {
            seller: Some(registered.clone()),
            ..instruction()
        }))
        .inspect_result()
        .unwrap();
    for tax in ["K 0", "G 0"] {
        let abroad = history(&[create(NewDraft {
            lines: vec![line(1, "1", "100", tax)],
            ..new_draft()
        })]);
        let missing = vec![MissingField::SellerVatId];
        given(abroad)
            .when(issue_with(IssueInstruction {
                seller: Some(registered.clone()),
                ..instruction()
            }))
            .then_expect_error(InvoiceRefusal::SellerIncomplete { missing });
    }
}

#[test]
fn an_invoice_without_a_buyer_is_not_issued() {
    let nobody = history(&[create(NewDraft {
        buyer: None,
        ..new_draft()
    })]);
    let missing = vec![MissingField::Buyer];
    given(nobody)
        .when(issue())
        .then_expect_error(InvoiceRefusal::BuyerIncomplete { missing });
}

#[test]
fn a_buyer_who_owes_the_tax_has_a_vat_id() {
    for tax in ["AE 0", "K 0"] {
        let lines = vec![line(1, "1", "100", tax)];
        let events = history(&[create(NewDraft {
            lines: lines.clone(),
            ..new_draft()
        })]);
        let missing = vec![MissingField::BuyerVatId];
        given(events)
            .when(issue())
            .then_expect_error(InvoiceRefusal::BuyerIncomplete { missing });

        let known = Some(Buyer {
            vat_id: Some(of("FR12345678901")),
            ..buyer()
        });
        let events = history(&[
            create(NewDraft {
                lines,
                buyer: known,
                ..new_draft()
            }),
            issue(),
        ]);
        assert_eq!(issuance_of(&events).document.totals.tax, eur("0"));
    }
}

#[test]
fn an_invoice_takes_no_number_of_a_credit_note() {
    let [_, credit_notes] = SeriesSnapshot::defaults().unwrap();
    given(drafted())
        .when(issue_with(IssueInstruction {
            series: credit_notes,
            ..instruction()
        }))
        .then_expect_error(InvoiceRefusal::SeriesOfOtherType);
}

#[test]
fn a_due_date_is_not_before_the_issue_date() {
    let terms = Terms {
        due: Some(Due::Date(date(2026, 11, 21))),
        ..Terms::default()
    };
    given(drafted_with_terms(terms))
        .when(issue())
        .then_expect_error(InvoiceRefusal::DueBeforeIssue { issue_date: TODAY });
}

#[test]
fn an_invoice_is_not_dated_years_ahead() {
    let latest = TODAY.checked_add(ISSUE_DAYS_AHEAD_MAX.days()).unwrap();
    given(drafted())
        .when(issue_on(latest))
        .inspect_result()
        .unwrap();
    given(drafted())
        .when(issue_on(latest.tomorrow().unwrap()))
        .then_expect_error(InvoiceRefusal::IssueDateTooFarAhead);
}

#[test]
fn an_invoice_is_not_dated_in_antiquity() {
    given(drafted())
        .when(issue_on(date(12, 1, 1)))
        .then_expect_error(InvoiceRefusal::DateOutOfRange {
            what: "issue date",
            field: "/issue_date",
        });
}

#[test]
fn supplies_outside_the_scope_of_vat_share_no_invoice() {
    let lines = vec![line(1, "1", "1", "O 0"), line(2, "1", "1", "S 19")];
    given(history(&[create(NewDraft {
        lines,
        ..new_draft()
    })]))
    .when(issue())
    .then_expect_error(InvoiceRefusal::OutsideScopeMixed);
}

#[test]
fn sending_a_draft_issues_it_and_asks_for_delivery_in_one_decision() {
    let send = InvoiceCommand::Send {
        issue: Box::new(instruction()),
        delivery: delivery(1),
    };
    let decision = Invoice::fold(&drafted()).decide(&send, &context()).unwrap();
    assert!(decision.number.is_some());
    assert!(matches!(
        decision.events.as_slice(),
        [
            InvoiceEvent::InvoiceIssued(_),
            InvoiceEvent::DeliveryRequested(_)
        ]
    ));
}

#[test]
fn a_draft_that_cannot_be_delivered_is_not_issued_by_sending_it() {
    let mailless = Buyer {
        email: None,
        ..buyer()
    };
    let events = history(&[create(NewDraft {
        buyer: Some(mailless),
        ..new_draft()
    })]);
    let send = InvoiceCommand::Send {
        issue: Box::new(instruction()),
        delivery: delivery(1),
    };
    given(events)
        .when(send)
        .then_expect_error(InvoiceRefusal::NoRecipient);
}

#[test]
fn sending_an_issued_invoice_takes_no_second_number() {
    let send = InvoiceCommand::Send {
        issue: Box::new(instruction()),
        delivery: delivery(1),
    };
    let decision = Invoice::fold(&issued()).decide(&send, &context()).unwrap();
    assert_eq!(decision.number, None);
    assert!(matches!(
        decision.events.as_slice(),
        [InvoiceEvent::DeliveryRequested(_)]
    ));
}

#[test]
fn a_currency_without_decimals_is_issued_like_any_other() {
    let new = NewDraft {
        buyer: Some(buyer()),
        lines: vec![line(1, "3", "333", "S 10")],
        ..NewDraft::new(of::<Currency>("JPY"))
    };
    let document = issuance_of(&history(&[create(new), issue()])).document;
    assert_eq!(document.totals.payable.to_decimal_string(), "1099");
}
