//! How much one invoice may hold. Beyond these a command is refused, so that a document always fits
//! one event, one read-model document and one PDF.

pub use crate::organization::NET_DAYS_MAX;

/// Lines of a document (BG-25).
pub const LINES_MAX: usize = 2_000;
/// Allowances, and as many charges, of one line (BG-27, BG-28).
pub const LINE_ADJUSTMENTS_MAX: usize = 50;
/// Allowances, and as many charges, of a document (BG-20, BG-21).
pub const DOCUMENT_ADJUSTMENTS_MAX: usize = 50;
/// Bytes of a draft's lines by [`super::DraftContent::weight`]: bounds the event that freezes it.
pub const DRAFT_WEIGHT_MAX: usize = 3_500_000;
/// Payments that stand at one time.
pub const PAYMENTS_STANDING_MAX: usize = 1_000;
/// Payments ever recorded, those reversed included.
pub const PAYMENTS_RECORDED_MAX: u32 = 10_000;
/// Reversed payments that the state still names; the journal keeps all of them.
pub const PAYMENTS_REVERSED_KEPT: usize = 100;
/// Requests to deliver one document.
pub const DELIVERIES_MAX: usize = 200;
/// Recipients of one request.
pub const RECIPIENTS_MAX: usize = 20;
/// Renderings of one document.
pub const RENDERINGS_MAX: usize = 200;
/// How far ahead of the day a document may be dated: one dated decades ahead by mistake would close
/// its series for every document until then.
pub const ISSUE_DAYS_AHEAD_MAX: i64 = 366;
/// Magnitude of the rounding amount that a draft may ask for (BT-114), in units of its currency. It
/// is for rounding what is due to a coin; anything larger is a typing error or a hidden allowance.
pub const ROUNDING_UNITS_MAX: i64 = 10;
/// First and last year of a date on a document.
pub const DOCUMENT_YEARS: std::ops::RangeInclusive<i16> = 1900..=2999;
