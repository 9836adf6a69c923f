//! Writing a draft: what happens, and what is refused by its stage.

use invoiceapp_domain::invoice::{
    DraftChanges, Due, Invoice, InvoiceCommand, InvoiceEvent, InvoiceLine, InvoiceRefusal, NetDays,
    NewDraft, RefusalKind, Terms,
};
use invoiceapp_domain::money::Currency;
use invoiceapp_domain::patch::Patch;
use invoiceapp_domain::tax::PriceMode;
use invoiceapp_domain::{Decider, Decision};
use jiff::civil::date;

use crate::support::{
    after, buyer, context, create, document_adjustment, draft_of, drafted, eur, facts, given,
    history, issued, line, line_id, new_draft, of,
};

pub(crate) fn change(changes: DraftChanges) -> InvoiceCommand {
    InvoiceCommand::ChangeDraft(Box::new(changes))
}

pub(crate) fn add(line: InvoiceLine) -> InvoiceCommand {
    InvoiceCommand::AddLine(Box::new(line))
}

fn put(line: InvoiceLine) -> InvoiceCommand {
    InvoiceCommand::ChangeLine(Box::new(line))
}

fn discard() -> InvoiceCommand {
    InvoiceCommand::Discard {
        reason: Some(of("Ordered twice")),
    }
}

/// The events of one command.
fn events_of(given: &[InvoiceEvent], command: &InvoiceCommand) -> Vec<InvoiceEvent> {
    Invoice::fold(given)
        .decide(command, &context())
        .unwrap()
        .events
}

#[test]
fn a_draft_begins_with_everything_it_came_with() {
    let events = events_of(&[], &create(new_draft()));
    let [InvoiceEvent::InvoiceDrafted(content)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(content.buyer, Some(buyer()));
    assert_eq!(content.lines.len(), 1);
    assert_eq!(content.amounts().unwrap().totals.payable, eur("119.00"));
}

#[test]
fn a_draft_may_be_empty() {
    let content = draft_of(&history(&[create(NewDraft::new(Currency::EUR))]));
    assert!(content.lines.is_empty());
    assert_eq!(content.amounts().unwrap().totals.payable, eur("0"));
}

#[test]
fn an_invoice_is_created_once() {
    given(drafted())
        .when(create(new_draft()))
        .then_expect_error(InvoiceRefusal::AlreadyExists);
}

#[test]
fn a_command_to_an_unknown_invoice_finds_nothing() {
    for command in [
        change(DraftChanges::default()),
        discard(),
        crate::support::pay(1, "1 EUR"),
    ] {
        given(Vec::new())
            .when(command)
            .then_expect_error(InvoiceRefusal::NotFound);
    }
}

#[test]
fn a_line_is_added_at_the_end() {
    let second = line(2, "2", "10", "S 7");
    given(drafted())
        .when(add(second.clone()))
        .then_expect_events(facts(vec![InvoiceEvent::LineAdded {
            line: Box::new(second),
        }]));
}

#[test]
fn a_line_is_added_once() {
    given(drafted())
        .when(add(line(1, "2", "10", "S 7")))
        .then_expect_error(InvoiceRefusal::LineExists {
            line_id: line_id(1),
        });
}

#[test]
fn a_draft_names_each_line_once() {
    let new = NewDraft {
        lines: vec![line(1, "1", "1", "S 7"); 2],
        ..new_draft()
    };
    given(Vec::new())
        .when(create(new))
        .then_expect_error(InvoiceRefusal::LineExists {
            line_id: line_id(1),
        });
}

#[test]
fn a_changed_line_keeps_its_place() {
    let changed = line(1, "5", "10", "S 7");
    let events = after(
        drafted(),
        &[add(line(2, "1", "1", "S 7")), put(changed.clone())],
    );
    let draft = draft_of(&events);
    let lines: Vec<_> = draft.lines.iter().cloned().collect();
    assert_eq!(lines, [changed, line(2, "1", "1", "S 7")]);
}

#[test]
fn a_line_that_does_not_change_is_no_event() {
    given(drafted())
        .when(put(line(1, "1", "100", "S 19")))
        .then_expect_events(Vec::new());
}

#[test]
fn an_unknown_line_is_not_changed_or_removed() {
    let unknown = InvoiceRefusal::LineNotFound {
        line_id: line_id(9),
    };
    assert_eq!(unknown.kind(), RefusalKind::NotFound);
    given(drafted())
        .when(put(line(9, "1", "1", "S 7")))
        .then_expect_error(unknown.clone());
    let remove = InvoiceCommand::RemoveLine {
        line_id: line_id(9),
    };
    given(drafted()).when(remove).then_expect_error(unknown);
}

#[test]
fn a_line_is_removed() {
    let remove = InvoiceCommand::RemoveLine {
        line_id: line_id(1),
    };
    let removed = InvoiceEvent::LineRemoved {
        line_id: line_id(1),
    };
    given(drafted())
        .when(remove)
        .then_expect_events(facts(vec![removed]));
}

#[test]
fn each_part_of_a_change_is_an_event_of_its_own() {
    let changes = DraftChanges {
        currency: Some(Currency::EUR),
        price_mode: Some(PriceMode::Gross),
        buyer: Patch::Clear,
        note: Patch::Set(of("Thank you")),
        lines: Some(Vec::new()),
        allowances: Some(vec![document_adjustment("5 %", "S 19")]),
        charges: Some(vec![document_adjustment("5.00 EUR", "S 19")]),
        prepaid: Some(eur("1")),
        rounding: Some(eur("-0.01")),
        ..DraftChanges::default()
    };
    let terms = Terms {
        note: Some(of("Thank you")),
        ..Terms::default()
    };
    given(drafted())
        .when(change(changes))
        .then_expect_events(facts(vec![
            InvoiceEvent::BuyerChanged { buyer: None },
            InvoiceEvent::TermsChanged { terms },
            InvoiceEvent::PriceModeChanged {
                price_mode: PriceMode::Gross,
            },
            InvoiceEvent::LinesReplaced { lines: Vec::new() },
            InvoiceEvent::AllowancesSet {
                allowances: vec![document_adjustment("5 %", "S 19")],
            },
            InvoiceEvent::ChargesSet {
                charges: vec![document_adjustment("5.00 EUR", "S 19")],
            },
            InvoiceEvent::PrepaidSet { prepaid: eur("1") },
            InvoiceEvent::RoundingSet {
                rounding: eur("-0.01"),
            },
        ]));
}

#[test]
fn a_line_of_the_other_price_mode_has_no_catalogue_price_any_more() {
    let of_the_catalogue = InvoiceLine {
        price_version: Some(1),
        ..line(1, "1", "100", "S 19")
    };
    let other_mode = DraftChanges {
        price_mode: Some(PriceMode::Gross),
        ..DraftChanges::default()
    };
    given(after(drafted(), &[put(of_the_catalogue)]))
        .when(change(other_mode))
        .then_expect_events(facts(vec![
            InvoiceEvent::PriceModeChanged {
                price_mode: PriceMode::Gross,
            },
            InvoiceEvent::LinesReplaced {
                lines: vec![line(1, "1", "100", "S 19")],
            },
        ]));
}

#[test]
fn a_change_to_what_already_is_is_no_event() {
    let same = DraftChanges {
        price_mode: Some(PriceMode::Net),
        buyer: Patch::Set(buyer()),
        note: Patch::Clear,
        lines: Some(vec![line(1, "1", "100", "S 19")]),
        allowances: Some(Vec::new()),
        prepaid: Some(eur("0")),
        ..DraftChanges::default()
    };
    assert_eq!(
        Invoice::fold(&drafted()).decide(&change(same), &context()),
        Ok(Decision::events(Vec::new()))
    );
}

#[test]
fn terms_change_field_by_field() {
    let net_days = Due::NetDays(NetDays::try_from(14).unwrap());
    let first = DraftChanges {
        due: Patch::Set(net_days),
        ..DraftChanges::default()
    };
    let second = DraftChanges {
        purchase_order: Patch::Set(of("PO-1")),
        delivery_date: Patch::Set(date(2026, 11, 1)),
        ..DraftChanges::default()
    };
    let third = DraftChanges {
        due: Patch::Clear,
        ..DraftChanges::default()
    };
    let events = after(drafted(), &[change(first), change(second), change(third)]);
    let expected = Terms {
        due: None,
        delivery_date: Some(date(2026, 11, 1)),
        note: None,
        purchase_order: Some(of("PO-1")),
    };
    assert_eq!(draft_of(&events).terms, expected);
}

#[test]
fn a_draft_is_discarded_with_its_reason() {
    let discarded = InvoiceEvent::DraftDiscarded {
        reason: Some(of("Ordered twice")),
    };
    given(drafted())
        .when(discard())
        .then_expect_events(facts(vec![discarded]));
}

#[test]
fn what_is_no_draft_any_more_cannot_be_changed_or_discarded() {
    for events in [issued(), after(drafted(), &[discard()])] {
        for command in [
            change(DraftChanges::default()),
            add(line(2, "1", "1", "S 19")),
            put(line(1, "1", "1", "S 19")),
            InvoiceCommand::RemoveLine {
                line_id: line_id(1),
            },
            discard(),
            crate::support::issue(),
        ] {
            let refusal = given(events.clone())
                .when(command)
                .inspect_result()
                .unwrap_err();
            assert_eq!(refusal, InvoiceRefusal::NotDraft);
            assert_eq!(refusal.code(), "invoice_not_draft");
        }
    }
}

#[test]
fn a_discarded_draft_still_says_what_it_was() {
    let Invoice::Discarded(discarded) = Invoice::fold(&after(drafted(), &[discard()])) else {
        panic!("not discarded")
    };
    assert_eq!(discarded.content, draft_of(&drafted()));
    assert_eq!(discarded.reason, Some(of("Ordered twice")));
}
