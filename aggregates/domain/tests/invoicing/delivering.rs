//! Delivery: requests, and what becomes of them.

use invoiceapp_domain::Decider;
use invoiceapp_domain::invoice::{
    DELIVERIES_MAX, DeliveryOutcome, DeliveryRecorded, DeliveryReport, DeliveryRequest,
    DeliveryRequested, DeliveryStatus, Invoice, InvoiceCommand, InvoiceEvent, InvoiceRefusal,
    NewDraft, RECIPIENTS_MAX,
};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::party::{Buyer, EmailAddress};

use crate::support::{
    after, buyer, context, create, delivery, delivery_id, drafted, facts, given, history, issue,
    issued, new_draft, of,
};

fn request(delivery: DeliveryRequest) -> InvoiceCommand {
    InvoiceCommand::RequestDelivery(delivery)
}

fn to(recipients: &[&str]) -> DeliveryRequest {
    let recipients = recipients.iter().map(|address| of(address)).collect();
    DeliveryRequest {
        recipients,
        ..delivery(1)
    }
}

fn report(recipient: &str, outcome: DeliveryOutcome) -> InvoiceCommand {
    InvoiceCommand::RecordDelivery(DeliveryReport {
        delivery_id: delivery_id(1),
        recipient: of(recipient),
        outcome,
        provider_ref: Some(of("queue-1")),
    })
}

fn status(events: &[InvoiceEvent]) -> DeliveryStatus {
    Invoice::fold(events).delivery_status()
}

#[test]
fn an_invoice_goes_to_the_buyer_in_its_own_language_unless_told_otherwise() {
    let requested = DeliveryRequested {
        delivery_id: delivery_id(1),
        requested_at: context().now,
        recipients: vec![of("buyer@example.com")],
        locale: Locale::En,
        message: None,
    };
    given(issued())
        .when(request(delivery(1)))
        .then_expect_events(facts(vec![InvoiceEvent::DeliveryRequested(requested)]));
}

#[test]
fn each_recipient_is_named_once() {
    let told = DeliveryRequest {
        locale: Some(Locale::Fr),
        message: Some(of("Voilà")),
        ..to(&["a@example.com", "b@example.com", "A@Example.com"])
    };
    let events = given(issued())
        .when(request(told))
        .inspect_result()
        .unwrap();
    let InvoiceEvent::DeliveryRequested(requested) = &events[0].0 else {
        panic!("{events:?}")
    };
    let expected: Vec<EmailAddress> = vec![of("a@example.com"), of("b@example.com")];
    assert_eq!(requested.recipients, expected);
    assert_eq!(requested.locale, Locale::Fr);
    assert_eq!(requested.message, Some(of("Voilà")));
}

#[test]
fn a_draft_is_not_delivered() {
    given(drafted())
        .when(request(delivery(1)))
        .then_expect_error(InvoiceRefusal::NotIssued);
}

#[test]
fn there_is_somebody_to_deliver_to() {
    let mailless = Buyer {
        email: None,
        ..buyer()
    };
    let events = history(&[
        create(NewDraft {
            buyer: Some(mailless),
            ..new_draft()
        }),
        issue(),
    ]);
    given(events)
        .when(request(delivery(1)))
        .then_expect_error(InvoiceRefusal::NoRecipient);
}

#[test]
fn recipients_are_limited() {
    let addresses: Vec<String> = (0..=RECIPIENTS_MAX)
        .map(|number| format!("r{number}@example.com"))
        .collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    given(issued())
        .when(request(to(&addresses)))
        .then_expect_error(InvoiceRefusal::TooManyRecipients);
}

#[test]
fn deliveries_are_limited() {
    let last = u128::try_from(DELIVERIES_MAX).unwrap();
    let requests: Vec<InvoiceCommand> = (1..=last).map(|id| request(delivery(id))).collect();
    given(after(issued(), &requests))
        .when(request(delivery(last + 1)))
        .then_expect_error(InvoiceRefusal::LimitReached {
            what: "deliveries",
            max: DELIVERIES_MAX,
        });
}

#[test]
fn a_delivery_is_requested_once() {
    given(after(issued(), &[request(delivery(1))]))
        .when(request(delivery(1)))
        .then_expect_error(InvoiceRefusal::DeliveryExists {
            delivery_id: delivery_id(1),
        });
}

#[test]
fn a_report_is_recorded() {
    let recorded = DeliveryRecorded {
        delivery_id: delivery_id(1),
        recipient: of("buyer@example.com"),
        outcome: DeliveryOutcome::Accepted,
        provider_ref: Some(of("queue-1")),
    };
    given(after(issued(), &[request(delivery(1))]))
        .when(report("buyer@example.com", DeliveryOutcome::Accepted))
        .then_expect_events(facts(vec![InvoiceEvent::DeliveryRecorded(recorded)]));
}

#[test]
fn a_report_that_says_nothing_new_is_no_event() {
    let known = [
        request(delivery(1)),
        report("buyer@example.com", DeliveryOutcome::Delivered),
    ];
    for outcome in [
        DeliveryOutcome::Uncertain,
        DeliveryOutcome::Rejected,
        DeliveryOutcome::Accepted,
        DeliveryOutcome::Delivered,
    ] {
        given(after(issued(), &known))
            .when(report("buyer@example.com", outcome))
            .then_expect_events(Vec::new());
    }
}

#[test]
fn nothing_is_recorded_for_somebody_it_was_not_sent_to() {
    let unknown = InvoiceRefusal::DeliveryNotFound {
        delivery_id: delivery_id(1),
    };
    let accepted = || report("stranger@example.com", DeliveryOutcome::Accepted);
    given(issued())
        .when(accepted())
        .then_expect_error(unknown.clone());
    given(after(issued(), &[request(delivery(1))]))
        .when(accepted())
        .then_expect_error(unknown);
}

#[test]
fn the_status_of_a_delivery_is_the_worst_that_is_known() {
    let (a, b) = ("a@example.com", "b@example.com");
    let asked = after(issued(), &[request(to(&[a, b]))]);
    assert_eq!(status(&issued()), DeliveryStatus::NotRequested);
    assert_eq!(status(&asked), DeliveryStatus::Requested);
    let half = after(asked, &[report(a, DeliveryOutcome::Accepted)]);
    assert_eq!(status(&half), DeliveryStatus::Requested);
    let unsure = after(half.clone(), &[report(b, DeliveryOutcome::Uncertain)]);
    assert_eq!(status(&unsure), DeliveryStatus::Uncertain);
    let sent = after(half, &[report(b, DeliveryOutcome::Accepted)]);
    assert_eq!(status(&sent), DeliveryStatus::Sent);
    let bounced = after(sent, &[report(a, DeliveryOutcome::Bounced)]);
    assert_eq!(status(&bounced), DeliveryStatus::Failed);
    let again = after(
        bounced,
        &[request(DeliveryRequest {
            delivery_id: delivery_id(2),
            ..to(&[a])
        })],
    );
    assert_eq!(status(&again), DeliveryStatus::Requested);
}
