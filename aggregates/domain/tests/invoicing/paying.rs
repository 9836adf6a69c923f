//! Payments: the balance and its refusals.

use invoiceapp_domain::Decider;
use invoiceapp_domain::invoice::{
    Invoice, InvoiceCommand, InvoiceEvent, InvoiceRefusal, NewPayment, PAYMENTS_REVERSED_KEPT,
    Payment, PaymentRecorded, PaymentReversed, RefusalKind, SettlementStatus,
};
use jiff::civil::date;

use crate::support::{
    after, drafted, eur, facts, given, issued, issued_of, of, pay, payment, payment_id,
};

fn reverse(number: u128) -> InvoiceCommand {
    InvoiceCommand::ReversePayment {
        payment_id: payment_id(number),
        reason: Some(of("Bounced")),
    }
}

fn settlement(events: &[InvoiceEvent]) -> Option<SettlementStatus> {
    Invoice::fold(events).settlement_status()
}

#[test]
fn a_payment_says_what_is_left() {
    let NewPayment {
        payment_id,
        amount,
        paid_on,
        method,
        reference,
    } = payment(1, "19.00 EUR");
    let payment = Payment {
        payment_id,
        amount,
        paid_on,
        method,
        reference,
    };
    let recorded = PaymentRecorded {
        payment,
        balance_after: eur("100.00"),
    };
    given(issued())
        .when(pay(1, "19.00 EUR"))
        .then_expect_events(facts(vec![InvoiceEvent::PaymentRecorded(recorded)]));
}

#[test]
fn a_payment_of_exactly_the_rest_settles_the_invoice() {
    assert_eq!(settlement(&issued()), Some(SettlementStatus::Unpaid));
    let partly = after(issued(), &[pay(1, "118.99 EUR")]);
    assert_eq!(settlement(&partly), Some(SettlementStatus::PartiallyPaid));
    let paid = after(partly, &[pay(2, "0.01 EUR")]);
    assert_eq!(settlement(&paid), Some(SettlementStatus::Paid));
    assert_eq!(issued_of(&paid).balance(), eur("0"));
    assert_eq!(issued_of(&paid).paid(), eur("119.00"));
}

#[test]
fn more_than_the_balance_is_refused() {
    let refusal = InvoiceRefusal::Overpayment {
        balance: eur("119.00"),
    };
    assert_eq!(refusal.code(), "overpayment");
    given(issued())
        .when(pay(1, "119.01 EUR"))
        .then_expect_error(refusal);
}

#[test]
fn a_paid_invoice_takes_no_more() {
    given(after(issued(), &[pay(1, "119.00 EUR")]))
        .when(pay(2, "0.01 EUR"))
        .then_expect_error(InvoiceRefusal::Overpayment {
            balance: eur("0.00"),
        });
}

#[test]
fn a_payment_is_more_than_nothing() {
    for amount in ["0 EUR", "-1.00 EUR"] {
        let what = "a payment";
        given(issued())
            .when(pay(1, amount))
            .then_expect_error(InvoiceRefusal::AmountTooLow {
                what,
                field: "/amount",
                zero_allowed: false,
            });
    }
}

#[test]
fn a_payment_is_in_the_documents_currency() {
    given(issued())
        .when(pay(1, "1.00 USD"))
        .then_expect_error(InvoiceRefusal::CurrencyMismatch);
}

#[test]
fn a_payment_has_a_date_of_our_times() {
    let ancient = NewPayment {
        paid_on: date(1, 1, 1),
        ..payment(1, "1.00 EUR")
    };
    given(issued())
        .when(InvoiceCommand::RecordPayment(ancient))
        .then_expect_error(InvoiceRefusal::DateOutOfRange {
            what: "date of payment",
            field: "/paid_on",
        });
}

#[test]
fn a_payment_is_recorded_once() {
    given(after(issued(), &[pay(1, "1.00 EUR")]))
        .when(pay(1, "1.00 EUR"))
        .then_expect_error(InvoiceRefusal::PaymentExists {
            payment_id: payment_id(1),
        });
}

#[test]
fn a_draft_is_not_paid() {
    given(drafted())
        .when(pay(1, "1.00 EUR"))
        .then_expect_error(InvoiceRefusal::NotIssued);
    given(drafted())
        .when(reverse(1))
        .then_expect_error(InvoiceRefusal::NotIssued);
    assert_eq!(InvoiceRefusal::NotIssued.code(), "invoice_not_issued");
}

#[test]
fn a_reversed_payment_is_owed_again() {
    let events = after(issued(), &[pay(1, "19.00 EUR")]);
    let reversed = PaymentReversed {
        payment_id: payment_id(1),
        amount: eur("19.00"),
        reason: Some(of("Bounced")),
        balance_after: eur("119.00"),
    };
    given(events)
        .when(reverse(1))
        .then_expect_events(facts(vec![InvoiceEvent::PaymentReversed(reversed)]));
}

#[test]
fn a_payment_is_reversed_once() {
    let events = after(issued(), &[pay(1, "119.00 EUR"), reverse(1)]);
    assert_eq!(settlement(&events), Some(SettlementStatus::Unpaid));
    assert_eq!(
        issued_of(&events).payments.reversed[0].payment.payment_id,
        payment_id(1)
    );
    let refusal = InvoiceRefusal::PaymentNotFound {
        payment_id: payment_id(1),
    };
    assert_eq!(refusal.kind(), RefusalKind::NotFound);
    given(events).when(reverse(1)).then_expect_error(refusal);
}

#[test]
fn payments_recorded_and_reversed_for_ever_leave_the_state_small() {
    let count = u128::try_from(PAYMENTS_REVERSED_KEPT + 50).unwrap();
    let commands: Vec<InvoiceCommand> = (1..=count)
        .flat_map(|number| [pay(number, "1.00 EUR"), reverse(number)])
        .collect();
    let state = issued_of(&after(issued(), &commands));
    assert_eq!(state.balance(), eur("119.00"));
    assert!(state.payments.standing.is_empty());
    assert_eq!(state.payments.reversed.len(), PAYMENTS_REVERSED_KEPT);
    assert_eq!(u128::from(state.payments.recorded), count);
}
