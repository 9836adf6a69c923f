//! The number register: every number that was ever given, in the order of its series, and what
//! became of its document (VAT Directive 2006/112/EC, art. 226(2): a sequential number that
//! identifies the invoice uniquely). It shows what the journal has and repairs nothing: a gap would
//! show as a gap, and a number on two documents would show twice.

use invoiceapp_domain::TenantId;
use invoiceapp_domain::invoice::{DocumentStatus, SettlementStatus};
use invoiceapp_domain::text::SeriesCode;
use jiff::civil::Date;

/// Most numbers on a page of the register. Nothing in a line of it is long, so the page is short.
pub const PAGE_NUMBERS_MAX: u32 = 200;

/// Where a number stands in its series; its order is that of the register.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegisterPlace {
    /// The period that the sequence counts in: `""`, `"2026"` or `"2026-11"`.
    pub period: String,
    /// The place in the period.
    pub sequence: u64,
    /// The invoice that has the number: the key of its stream. It is part of the place, so that a
    /// second document of one number could not hide the first.
    pub invoice_id: String,
}

/// A number that was given, and what became of its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredNumber {
    /// Whose.
    pub tenant: TenantId,
    /// The series' code.
    pub series: SeriesCode,
    /// Where it stands in the series, and whose it is.
    pub place: RegisterPlace,
    /// The number as it is printed (BT-1).
    pub number: String,
    /// The date of issue (BT-2).
    pub issue_date: Date,
    /// Whether the document stands.
    pub document_status: DocumentStatus,
    /// How far it is paid.
    pub settlement_status: SettlementStatus,
    /// The position of the document's last event: what became of it is told as of there.
    pub position: u64,
}

/// One page of the register of a series, oldest number first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterQuery {
    /// Whose.
    pub tenant: TenantId,
    /// Of which series.
    pub series: SeriesCode,
    /// Only numbers after this place: the cursor of the next page.
    pub after: Option<RegisterPlace>,
    /// At most so many, 1 to [`PAGE_NUMBERS_MAX`].
    pub limit: u32,
    /// Whether to count all numbers of the series.
    pub count: bool,
}

/// A page of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterPage {
    /// The numbers, oldest first.
    pub numbers: Vec<RegisteredNumber>,
    /// Where the next page begins; `None` on the last.
    pub next_after: Option<RegisterPlace>,
    /// How many numbers the series has given, when asked.
    pub total: Option<u64>,
}
