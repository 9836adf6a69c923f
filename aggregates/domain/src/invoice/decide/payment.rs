//! Payments: they lower the balance, and reversing one raises it again.

use super::super::command::NewPayment;
use super::super::event::{InvoiceEvent, PaymentRecorded, PaymentReversed};
use super::super::limits::{PAYMENTS_RECORDED_MAX, PAYMENTS_STANDING_MAX};
use super::super::payment::Payment;
use super::super::refusal::InvoiceRefusal;
use super::super::state::IssuedInvoice;
use super::{Outcome, at_most, check_date};
use crate::decider::Decision;
use crate::ids::PaymentId;
use crate::text::Reason;

pub(super) fn record(issued: &IssuedInvoice, new: &NewPayment) -> Outcome {
    let NewPayment {
        payment_id,
        amount,
        paid_on,
        method,
        reference,
    } = new.clone();
    let ledger = &issued.payments;
    if ledger.standing.get(payment_id).is_some() {
        return Err(InvoiceRefusal::PaymentExists { payment_id });
    }
    if amount.currency() != issued.document.currency {
        return Err(InvoiceRefusal::CurrencyMismatch);
    }
    if !amount.is_positive() {
        return Err(InvoiceRefusal::AmountTooLow {
            what: "a payment",
            field: "/amount",
            zero_allowed: false,
        });
    }
    check_date(paid_on, "date of payment", "/paid_on")?;
    let balance_after = ledger.balance.checked_sub(amount)?;
    if balance_after.is_negative() {
        return Err(InvoiceRefusal::Overpayment {
            balance: ledger.balance,
        });
    }
    at_most(
        ledger.standing.len().saturating_add(1),
        PAYMENTS_STANDING_MAX,
        "payments",
    )?;
    let recorded_max = usize::try_from(PAYMENTS_RECORDED_MAX).unwrap_or(usize::MAX);
    if ledger.recorded >= PAYMENTS_RECORDED_MAX {
        let what = "payments, those reversed included";
        return Err(InvoiceRefusal::LimitReached {
            what,
            max: recorded_max,
        });
    }
    let payment = Payment {
        payment_id,
        amount,
        paid_on,
        method,
        reference,
    };
    let recorded = PaymentRecorded {
        payment,
        balance_after,
    };
    Ok(Decision::event(InvoiceEvent::PaymentRecorded(recorded)))
}

pub(super) fn reverse(
    issued: &IssuedInvoice,
    payment_id: PaymentId,
    reason: Option<&Reason>,
) -> Outcome {
    let payment = issued
        .payments
        .standing
        .get(payment_id)
        .ok_or(InvoiceRefusal::PaymentNotFound { payment_id })?;
    Ok(Decision::event(InvoiceEvent::PaymentReversed(
        PaymentReversed {
            payment_id,
            amount: payment.amount,
            reason: reason.cloned(),
            balance_after: issued.payments.balance.checked_add(payment.amount)?,
        },
    )))
}
