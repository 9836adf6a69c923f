//! The words for where an invoice stands.

use invoiceapp_domain::Decider;
use invoiceapp_domain::invoice::{
    Action, DocumentStatus, Due, Invoice, InvoiceCommand, InvoiceEvent, NewDraft, Status, Terms,
};
use jiff::civil::{Date, date};

use crate::support::{
    TODAY, after, create, drafted, history, issue, issued, line, new_draft, of, pay, payment_id,
};

fn word(events: &[InvoiceEvent], today: Date) -> Option<Status> {
    Invoice::fold(events).status(today)
}

fn actions(events: &[InvoiceEvent]) -> Vec<&'static str> {
    Invoice::fold(events)
        .available_actions()
        .into_iter()
        .map(Action::as_str)
        .collect()
}

#[test]
fn a_status_is_one_word() {
    let due = Some(Due::Date(date(2026, 12, 1)));
    let terms = Terms {
        due,
        ..Terms::default()
    };
    let open = history(&[
        create(NewDraft {
            terms,
            ..new_draft()
        }),
        issue(),
    ]);
    let discard = InvoiceCommand::Discard { reason: None };
    assert_eq!(word(&[], TODAY), None);
    assert_eq!(word(&drafted(), TODAY), Some(Status::Draft));
    assert_eq!(
        word(&after(drafted(), &[discard]), TODAY),
        Some(Status::Discarded)
    );
    assert_eq!(word(&open, TODAY), Some(Status::Open));
    assert_eq!(word(&open, date(2026, 12, 1)), Some(Status::Open));
    assert_eq!(word(&open, date(2026, 12, 2)), Some(Status::Overdue));
    let paid = after(open, &[pay(1, "119.00 EUR")]);
    assert_eq!(word(&paid, date(2026, 12, 2)), Some(Status::Paid));
}

#[test]
fn an_invoice_with_nothing_to_pay_is_paid() {
    for price in ["0", "100"] {
        let lines = vec![line(1, "1", price, "S 19"), line(2, "-1", "100", "S 19")];
        let events = history(&[
            create(NewDraft {
                lines,
                ..new_draft()
            }),
            issue(),
        ]);
        assert_eq!(word(&events, TODAY), Some(Status::Paid));
        assert_eq!(actions(&events), ["send"]);
    }
}

#[test]
fn what_can_be_done_follows_from_the_state() {
    let empty = history(&[create(NewDraft {
        lines: Vec::new(),
        ..new_draft()
    })]);
    assert_eq!(actions(&[]), [""; 0]);
    assert_eq!(actions(&empty), ["update", "add_line", "discard"]);
    assert_eq!(
        actions(&drafted()),
        [
            "update",
            "add_line",
            "change_line",
            "remove_line",
            "issue",
            "send",
            "discard"
        ]
    );
    assert_eq!(actions(&issued()), ["send", "record_payment"]);
    let partly = after(issued(), &[pay(1, "1.00 EUR")]);
    assert_eq!(
        actions(&partly),
        ["send", "record_payment", "reverse_payment"]
    );
    let paid = after(partly, &[pay(2, "118.00 EUR")]);
    assert_eq!(actions(&paid), ["send", "reverse_payment"]);
}

#[test]
fn a_reversed_payment_reopens_the_invoice() {
    let reverse = InvoiceCommand::ReversePayment {
        payment_id: payment_id(1),
        reason: None,
    };
    let events = after(issued(), &[pay(1, "119.00 EUR"), reverse]);
    assert_eq!(word(&events, TODAY), Some(Status::Open));
}

#[test]
fn the_stage_and_its_words_agree() {
    assert_eq!(
        Invoice::fold(&drafted()).document_status(),
        Some(DocumentStatus::Draft)
    );
    assert_eq!(
        Invoice::fold(&issued()).document_status(),
        Some(DocumentStatus::Issued)
    );
    for status in Status::ALL {
        assert_eq!(of::<Status>(status.as_str()), *status);
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
    for action in Action::ALL {
        assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
    }
}
