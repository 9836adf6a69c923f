//! The dashboard as counters: every invoice contributes to a few buckets, and a change of the
//! invoice takes its old contribution out and puts its new one in. A store that changes counters
//! and documents in one step keeps the sums; one that writes a document at a time keeps each
//! document's contribution with it, and adds them up when they are read.

use std::collections::BTreeMap;

use invoiceapp_domain::TenantId;
use thiserror::Error;

/// What a bucket counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measure {
    /// Documents by status word, as far as it does not depend on the day: `draft`, `discarded`,
    /// `open`, `paid`, `written_off`, `void`; the amount is the payable.
    Status,
    /// Open documents by due date; the amount is the balance.
    Due,
    /// Payments by calendar day; the amount is what was paid.
    Paid,
}

impl Measure {
    /// The measure's name in a store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Due => "due",
            Self::Paid => "paid",
        }
    }

    /// The measure with this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Status, Self::Due, Self::Paid]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

/// Names one counter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BucketKey {
    /// Whose.
    pub tenant: TenantId,
    /// ISO 4217 code.
    pub currency: String,
    /// What is counted.
    pub measure: Measure,
    /// The status word, or the day as `YYYY-MM-DD` (empty: no day).
    pub bucket: String,
}

/// A counter's value, or what is added to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Which counter.
    pub key: BucketKey,
    /// How many.
    pub count: i64,
    /// Their sum in minor units of the currency; wider than any amount, because it is a sum over
    /// all documents of a tenant.
    pub minor: i128,
}

/// What a document or a batch adds to a counter; may be negative.
pub type BucketChange = Bucket;

/// A sum is beyond the numbers that hold it.
///
/// It cannot come of invoices: one contributes at most `MONEY_MINOR_MAX` (below 2^53) to a counter,
/// so 2^74 of them fit into `i128`, and `count` holds 2^63 of them, which is more than the journal
/// has positions. Every step is checked all the same, so that a wrong contribution would be an
/// error and not a wrong figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a dashboard counter is too large to be kept")]
pub struct CounterOverflow;

/// Adds contributions up: one sum per counter, in the order of their keys, without those that come
/// to nothing.
///
/// # Errors
/// [`CounterOverflow`]; nothing is cut off.
pub fn total<'a>(
    contributions: impl IntoIterator<Item = &'a BucketChange>,
) -> Result<Vec<BucketChange>, CounterOverflow> {
    let mut sums: BTreeMap<&BucketKey, (i64, i128)> = BTreeMap::new();
    for bucket in contributions {
        let sum = sums.entry(&bucket.key).or_default();
        let count = sum.0.checked_add(bucket.count).ok_or(CounterOverflow)?;
        let minor = sum.1.checked_add(bucket.minor).ok_or(CounterOverflow)?;
        *sum = (count, minor);
    }
    Ok(sums
        .into_iter()
        .filter(|(_, sum)| *sum != (0, 0))
        .map(|(key, (count, minor))| Bucket {
            key: key.clone(),
            count,
            minor,
        })
        .collect())
}

/// The difference between what a document contributed before and contributes now.
///
/// # Errors
/// [`CounterOverflow`].
pub fn difference(
    before: &[Bucket],
    after: &[Bucket],
) -> Result<Vec<BucketChange>, CounterOverflow> {
    let mut taken_out = before.to_vec();
    for bucket in &mut taken_out {
        bucket.count = bucket.count.checked_neg().ok_or(CounterOverflow)?;
        bucket.minor = bucket.minor.checked_neg().ok_or(CounterOverflow)?;
    }
    total(taken_out.iter().chain(after))
}
