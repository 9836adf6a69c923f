//! A draft: what it would say if it were issued now.

use invoiceapp_domain::invoice::{DocumentAdjustment, DraftContent, Due};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::organization::OrganizationRecord;
use invoiceapp_domain::tax::{AdjustmentAmounts, TaxError};
use jiff::{Timestamp, civil::Date};

use super::{lines, parties};
use crate::document::{InvoiceDocument, Party};

/// What a draft does not know itself.
#[derive(Clone)]
pub struct DraftSetting<'a> {
    /// The language to show it in.
    pub locale: Locale,
    /// The seller, as far as it is known.
    pub organization: Option<&'a OrganizationRecord>,
    /// The logo's bytes.
    pub logo: Option<Vec<u8>>,
    /// The day in the tenant's time zone.
    pub today: Date,
    /// When the draft was changed last.
    pub produced_at: Timestamp,
}

/// What the page of a draft shows, marked as one.
///
/// # Errors
/// [`TaxError`]; no draft that a command accepted has one.
pub fn draft_document(
    draft: &DraftContent,
    setting: DraftSetting<'_>,
) -> Result<InvoiceDocument, TaxError> {
    let amounts = draft.amounts()?;
    let adjustments = |list: &[DocumentAdjustment], amounts: &[AdjustmentAmounts]| {
        let pairs = list.iter().zip(amounts);
        pairs
            .map(|(one, amount)| lines::document_adjustment(one, amount.net_amount))
            .collect()
    };
    let organization = setting.organization;
    let terms = &draft.terms;
    Ok(InvoiceDocument {
        locale: setting.locale,
        document_type: draft.document_type,
        draft: true,
        number: None,
        issue_date: Some(setting.today),
        due_date: terms
            .due
            .unwrap_or(Due::Date(setting.today))
            .date(setting.today),
        delivery_date: terms.delivery_date,
        purchase_order: terms
            .purchase_order
            .as_ref()
            .map(|order| order.as_str().to_owned()),
        currency: draft.currency,
        price_mode: draft.price_mode,
        seller: organization.map_or_else(Party::default, parties::seller_so_far),
        logo: setting.logo,
        buyer: draft
            .buyer
            .as_ref()
            .map_or_else(Party::default, parties::buyer),
        lines: draft
            .lines
            .iter()
            .zip(&amounts.lines)
            .map(|(line, amounts)| lines::line(line, amounts, draft.price_mode))
            .collect(),
        allowances: adjustments(&draft.allowances, &amounts.allowances),
        charges: adjustments(&draft.charges, &amounts.charges),
        tax_breakdown: amounts.tax_breakdown,
        totals: amounts.totals,
        payment: parties::payment(
            organization.and_then(|record| record.iban.as_ref()),
            organization.and_then(|record| record.bic.as_ref()),
            None,
        ),
        note: terms.note.as_ref().map(|note| note.as_str().to_owned()),
        produced_at: setting.produced_at,
    })
}
