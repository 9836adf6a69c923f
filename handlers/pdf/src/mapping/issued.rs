//! An issued invoice: everything comes from the frozen document.

use invoiceapp_domain::invoice::IssuedDocument;
use invoiceapp_domain::locale::Locale;
use jiff::Timestamp;

use super::{lines, parties};
use crate::document::InvoiceDocument;

/// What the page of an issued document shows, in a language. `produced_at` is when it was issued;
/// `logo` the bytes that the seller's snapshot names.
#[must_use]
pub fn issued_document(
    document: &IssuedDocument,
    locale: Locale,
    logo: Option<Vec<u8>>,
    produced_at: Timestamp,
) -> InvoiceDocument {
    let seller = &document.seller;
    let mode = document.price_mode;
    let adjustments = |list: &[invoiceapp_domain::invoice::IssuedAdjustment]| {
        let one = |one: &invoiceapp_domain::invoice::IssuedAdjustment| {
            lines::document_adjustment(&one.adjustment, one.amounts.net_amount)
        };
        list.iter().map(one).collect()
    };
    InvoiceDocument {
        locale,
        document_type: document.document_type,
        draft: false,
        number: Some(document.number.text.clone()),
        issue_date: Some(document.issue_date),
        due_date: Some(document.due_date),
        delivery_date: document.delivery_date,
        purchase_order: document
            .purchase_order
            .as_ref()
            .map(|order| order.as_str().to_owned()),
        currency: document.currency,
        price_mode: mode,
        seller: parties::seller(seller),
        logo,
        buyer: parties::buyer(&document.buyer),
        lines: document
            .lines
            .iter()
            .map(|line| lines::line(&line.line, &line.amounts, mode))
            .collect(),
        allowances: adjustments(&document.allowances),
        charges: adjustments(&document.charges),
        tax_breakdown: document.tax_breakdown.clone(),
        totals: document.totals,
        payment: parties::payment(
            seller.iban.as_ref(),
            seller.bic.as_ref(),
            Some(&document.number.text),
        ),
        note: document.note.as_ref().map(|note| note.as_str().to_owned()),
        produced_at,
    }
}
