//! The dashboard as counters: every invoice contributes to a few buckets, and a change of the
//! invoice takes its old contribution out and puts its new one in. Reading it never grows with the
//! number of invoices, only with the number of distinct days.

use std::collections::BTreeMap;

use invoiceapp_domain::TenantId;

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

/// A counter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Which counter.
    pub key: BucketKey,
    /// How many.
    pub count: i64,
    /// Their sum in minor units of the currency.
    pub minor: i64,
}

/// What a batch adds to a counter; may be negative.
pub type BucketChange = Bucket;

/// The difference between what documents contributed before and contribute now.
#[must_use]
pub fn difference(before: &[Bucket], after: &[Bucket]) -> Vec<BucketChange> {
    let mut sums: BTreeMap<BucketKey, (i64, i64)> = BTreeMap::new();
    for bucket in before {
        let sum = sums.entry(bucket.key.clone()).or_default();
        *sum = (
            sum.0.saturating_sub(bucket.count),
            sum.1.saturating_sub(bucket.minor),
        );
    }
    for bucket in after {
        let sum = sums.entry(bucket.key.clone()).or_default();
        *sum = (
            sum.0.saturating_add(bucket.count),
            sum.1.saturating_add(bucket.minor),
        );
    }
    sums.into_iter()
        .filter(|(_, sum)| *sum != (0, 0))
        .map(|(key, (count, minor))| Bucket { key, count, minor })
        .collect()
}
