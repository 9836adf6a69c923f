//! Payments of a document.

use std::collections::VecDeque;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::event::{PaymentRecorded, PaymentReversed};
use super::limits::PAYMENTS_REVERSED_KEPT;
use super::ordered::{Keyed, Ordered};
use crate::ids::PaymentId;
use crate::money::Money;
use crate::text::{Reason, Reference, TextRule, text_value};

/// Longest name of a way to pay, in characters.
const PAYMENT_METHOD_CHARACTERS_MAX: usize = 40;

text_value!(
    /// How a payment was made, in the words of the person who records it (`bank_transfer`, `cash`):
    /// one line, at most 40 characters.
    PaymentMethod,
    |text| TextRule::one_line(PAYMENT_METHOD_CHARACTERS_MAX).clean(text)
);

/// A payment that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its identity.
    pub payment_id: PaymentId,
    /// How much, above zero.
    pub amount: Money,
    /// On which day.
    pub paid_on: Date,
    /// How.
    pub method: PaymentMethod,
    /// The payer's or the bank's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

impl Keyed for Payment {
    type Key = PaymentId;
    fn key(&self) -> PaymentId {
        self.payment_id
    }
}

/// A payment that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReversedPayment {
    /// As it was recorded.
    pub payment: Payment,
    /// Why it no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// The payments of an issued document, and what is left to pay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentLedger {
    /// Payable amount less the payments that stand.
    pub balance: Money,
    /// The payments that stand, in the order of recording.
    pub standing: Ordered<Payment>,
    /// The last [`PAYMENTS_REVERSED_KEPT`] payments that were taken back, oldest first.
    pub reversed: VecDeque<ReversedPayment>,
    /// How many were ever recorded.
    pub recorded: u32,
}

impl PaymentLedger {
    /// The ledger of a document on which `payable` is to be paid.
    #[must_use]
    pub const fn new(payable: Money) -> Self {
        Self {
            balance: payable,
            standing: Ordered::new(),
            reversed: VecDeque::new(),
            recorded: 0,
        }
    }

    pub(super) fn record(&mut self, event: &PaymentRecorded) {
        self.balance = event.balance_after;
        self.standing.put(event.payment.clone());
        self.recorded = self.recorded.saturating_add(1);
    }

    pub(super) fn reverse(&mut self, event: &PaymentReversed) {
        self.balance = event.balance_after;
        if let Some(payment) = self.standing.remove(event.payment_id) {
            self.reversed.push_back(ReversedPayment {
                payment,
                reason: event.reason.clone(),
            });
        }
        if self.reversed.len() > PAYMENTS_REVERSED_KEPT {
            self.reversed.pop_front();
        }
    }
}
