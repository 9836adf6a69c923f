//! What an invoice's page shows: the view model that is rendered. It holds values of the domain
//! and texts as they were written; words, number formats and places are the renderer's.

use std::fmt;

use invoiceapp_domain::invoice::DocumentType;
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::{Currency, Money, Quantity, Rate, UnitPrice};
use invoiceapp_domain::tax::{PriceMode, TaxBreakdown, Totals, Vat};
use jiff::{Timestamp, civil::Date};

macro_rules! debug_without_content {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

// Names, addresses and accounts do not belong in a log.
debug_without_content!(Party, Adjustment, Line, PaymentDetails, InvoiceDocument);

/// Most lines of one document.
pub const DOCUMENT_LINES_MAX: usize = 2_000;
/// Most bytes of all texts of one document together.
pub const DOCUMENT_TEXT_BYTES_MAX: usize = 4 << 20;

/// Seller or buyer.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Party {
    /// Legal name.
    pub name: String,
    /// Street and what else comes before the city.
    pub street: Vec<String>,
    /// City.
    pub city: String,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// VAT identifier.
    pub vat_id: Option<String>,
    /// Legal registration, such as a company register number.
    pub registration_id: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
}

/// How much an allowance or charge is, as its author wrote it.
#[derive(Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// Why.
    pub reason: String,
    /// The percentage it was computed from, if it was.
    pub percent: Option<Rate>,
    /// The amount, never negative.
    pub amount: Money,
}

/// One line.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Name of the item (BT-153).
    pub name: String,
    /// Description of the item (BT-154).
    pub description: Option<String>,
    /// How many or how much (BT-129).
    pub quantity: Quantity,
    /// UN/ECE Recommendation 20 code (BT-130).
    pub unit_code: String,
    /// Price of one unit (BT-146, or with tax in gross mode).
    pub unit_price: UnitPrice,
    /// The quantity that the price is for (BT-149), when it is not one.
    pub price_base_quantity: Option<Quantity>,
    /// VAT of the line.
    pub vat: Vat,
    /// What quantity and price come to, before allowances and charges.
    pub price_amount: Money,
    /// The line's amount: net (BT-131), or with tax when prices are gross.
    pub amount: Money,
    /// Allowances of the line.
    pub allowances: Vec<Adjustment>,
    /// Charges of the line.
    pub charges: Vec<Adjustment>,
}

/// Where to pay.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PaymentDetails {
    /// IBAN without spaces.
    pub iban: Option<String>,
    /// BIC.
    pub bic: Option<String>,
    /// What the payer should quote (BT-83).
    pub reference: Option<String>,
}

/// Everything one rendering shows. The same document gives the same bytes, in every process.
#[derive(Clone, PartialEq, Eq)]
pub struct InvoiceDocument {
    /// Language and formats.
    pub locale: Locale,
    /// Invoice or credit note.
    pub document_type: DocumentType,
    /// A preview of something that is not issued: marked on every page.
    pub draft: bool,
    /// The number (BT-1); a draft has none.
    pub number: Option<String>,
    /// Date of issue (BT-2).
    pub issue_date: Option<Date>,
    /// When it has to be paid (BT-9).
    pub due_date: Option<Date>,
    /// When it was delivered (BT-72).
    pub delivery_date: Option<Date>,
    /// The buyer's order (BT-13).
    pub purchase_order: Option<String>,
    /// Currency of every amount (BT-5).
    pub currency: Currency,
    /// Whether prices and line amounts are with tax.
    pub price_mode: PriceMode,
    /// Who sells.
    pub seller: Party,
    /// The seller's logo, PNG, JPEG or WebP.
    pub logo: Option<Vec<u8>>,
    /// Who buys.
    pub buyer: Party,
    /// The lines.
    pub lines: Vec<Line>,
    /// Allowances on the document (BG-20).
    pub allowances: Vec<Adjustment>,
    /// Charges on the document (BG-21).
    pub charges: Vec<Adjustment>,
    /// VAT by category and rate.
    pub tax_breakdown: Vec<TaxBreakdown>,
    /// The totals.
    pub totals: Totals,
    /// Where to pay.
    pub payment: PaymentDetails,
    /// The note (BT-22); a line feed begins a new paragraph.
    pub note: Option<String>,
    /// The instant that the file says it was made at: that of the event, never the clock's.
    pub produced_at: Timestamp,
}
