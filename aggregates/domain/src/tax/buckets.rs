//! What shares one VAT category and rate.

use std::collections::BTreeMap;

use super::amounts::{AdjustmentAmounts, LineAmounts};
use super::category::Vat;
use super::error::TaxError;
use super::figures::{AdjustmentBasis, DocumentAdjustmentFigures};
use crate::money::{Currency, Money};

/// A part of a bucket: its index in the document, and its amount in the document's price mode.
type Part = (usize, Money);

/// Everything of a document under one category and rate.
pub(super) struct Bucket {
    /// The pair.
    pub(super) vat: Vat,
    order: usize,
    lines: Vec<Part>,
    allowances: Vec<Part>,
    charges: Vec<Part>,
}

impl Bucket {
    fn line_sum(&self, currency: Currency) -> Result<Money, TaxError> {
        Ok(Money::checked_sum(
            self.lines.iter().map(|(_, amount)| *amount),
            currency,
        )?)
    }

    /// Lines less allowances plus charges (BR-S-08 and its siblings).
    pub(super) fn sum(&self, currency: Currency) -> Result<Money, TaxError> {
        Ok(Money::checked_sum(self.signed_parts(), currency)?)
    }

    /// Its parts, each with the sign by which it counts.
    pub(super) fn signed_parts(&self) -> Vec<Money> {
        let lines = self.lines.iter().map(|(_, amount)| *amount);
        let allowances = self.allowances.iter().map(|(_, amount)| amount.negated());
        let charges = self.charges.iter().map(|(_, amount)| *amount);
        lines.chain(allowances).chain(charges).collect()
    }

    /// Puts the net amounts of [`Self::signed_parts`] where the parts came from.
    pub(super) fn write_back(
        &self,
        net_parts: &[Money],
        lines: &mut [LineAmounts],
        allowances: &mut [AdjustmentAmounts],
        charges: &mut [AdjustmentAmounts],
    ) {
        let mut net_parts = net_parts.iter().copied();
        for ((index, _), net) in self.lines.iter().zip(net_parts.by_ref()) {
            if let Some(line) = lines.get_mut(*index) {
                line.net_amount = net;
            }
        }
        for ((index, _), net) in self.allowances.iter().zip(net_parts.by_ref()) {
            if let Some(allowance) = allowances.get_mut(*index) {
                allowance.net_amount = net.negated();
            }
        }
        for ((index, _), net) in self.charges.iter().zip(net_parts.by_ref()) {
            if let Some(charge) = charges.get_mut(*index) {
                charge.net_amount = net;
            }
        }
    }
}

/// Which way a document level adjustment counts.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Allowance,
    Charge,
}

/// The buckets of a document.
pub(super) struct Buckets {
    currency: Currency,
    by_vat: BTreeMap<Vat, Bucket>,
}

impl Buckets {
    /// Sorts the lines into buckets.
    pub(super) fn of_lines(lines: impl Iterator<Item = (Vat, Money)>, currency: Currency) -> Self {
        let mut buckets = Self {
            currency,
            by_vat: BTreeMap::new(),
        };
        for (index, (vat, total)) in lines.enumerate() {
            buckets.bucket(vat).lines.push((index, total));
        }
        buckets
    }

    /// Sorts document level adjustments in, and computes those that are a percentage: of the lines
    /// in their own bucket, because an adjustment lowers or raises that bucket alone.
    pub(super) fn adjust(
        &mut self,
        adjustments: &[DocumentAdjustmentFigures],
        side: Side,
    ) -> Result<Vec<AdjustmentAmounts>, TaxError> {
        let mut amounts = Vec::with_capacity(adjustments.len());
        for (index, adjustment) in adjustments.iter().enumerate() {
            let currency = self.currency;
            let bucket = self.bucket(adjustment.vat);
            let amount = basis_amount(adjustment.basis, || bucket.line_sum(currency))?;
            match side {
                Side::Allowance => bucket.allowances.push((index, amount)),
                Side::Charge => bucket.charges.push((index, amount)),
            }
            amounts.push(AdjustmentAmounts {
                amount,
                net_amount: amount,
            });
        }
        Ok(amounts)
    }

    /// The buckets in the order in which they first appear in the document.
    pub(super) fn in_order(self) -> Vec<Bucket> {
        let mut buckets: Vec<Bucket> = self.by_vat.into_values().collect();
        buckets.sort_by_key(|bucket| bucket.order);
        buckets
    }

    fn bucket(&mut self, vat: Vat) -> &mut Bucket {
        let order = self.by_vat.len();
        self.by_vat.entry(vat).or_insert_with(|| Bucket {
            vat,
            order,
            lines: Vec::new(),
            allowances: Vec::new(),
            charges: Vec::new(),
        })
    }
}

/// What an adjustment comes to; the base is looked at for a percentage only.
pub(super) fn basis_amount(
    basis: AdjustmentBasis,
    base: impl FnOnce() -> Result<Money, TaxError>,
) -> Result<Money, TaxError> {
    match basis {
        AdjustmentBasis::Amount(amount) => Ok(amount),
        AdjustmentBasis::Percent(rate) => Ok(rate.of(base()?)?),
    }
}
