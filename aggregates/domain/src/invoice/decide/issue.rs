//! Issuing: the one decision after which nothing of the document changes any more.

use jiff::ToSpan;
use jiff::civil::Date;

use super::super::command::IssueInstruction;
use super::super::content::{DocumentAdjustment, DocumentType, DraftContent, Due};
use super::super::event::{InvoiceEvent, InvoiceIssued};
use super::super::issued::{InvoiceNumber, IssuedAdjustment, IssuedDocument, IssuedLine};
use super::super::limits::ISSUE_DAYS_AHEAD_MAX;
use super::super::refusal::{InvoiceRefusal, MissingField};
use super::{Outcome, bounds, check_date};
use crate::decider::{Context, Decision};
use crate::numbering::{SeriesPurpose, SeriesSnapshot};
use crate::party::{Buyer, Seller};
use crate::tax::{AdjustmentAmounts, Amounts, POLICY_VERSION, VatCategory};

pub(super) fn issue(
    draft: &DraftContent,
    instruction: &IssueInstruction,
    context: &Context,
) -> Outcome {
    let issued = freeze(draft, instruction, context)?;
    let request = issued.series.request(issued.document.issue_date);
    let event = InvoiceEvent::InvoiceIssued(Box::new(issued));
    Ok(Decision::event(event).with_number(request))
}

/// The document as it will be, but for its number, which only the journal's writer knows.
pub(super) fn freeze(
    draft: &DraftContent,
    instruction: &IssueInstruction,
    context: &Context,
) -> Result<InvoiceIssued, InvoiceRefusal> {
    if draft.lines.is_empty() {
        return Err(InvoiceRefusal::NoLines);
    }
    let seller = complete_seller(draft, instruction.seller.as_ref())?;
    let buyer = complete_buyer(draft)?;
    check_series(draft.document_type, &instruction.series)?;
    let issue_date = instruction.issue_date.unwrap_or(context.today);
    check_issue_date(issue_date, context.today)?;
    let due_date = due_date(draft, issue_date)?;
    let amounts = draft.amounts()?;
    amounts.check_categories()?;
    bounds::check_parts(draft, &amounts, "/lines")?;
    bounds::check_whole(draft, &amounts)?;
    let series = instruction.series.clone();
    let document = IssuedDocument {
        document_type: draft.document_type,
        number: unnumbered(&series, issue_date),
        issue_date,
        due_date,
        delivery_date: draft.terms.delivery_date,
        note: draft.terms.note.clone(),
        purchase_order: draft.terms.purchase_order.clone(),
        currency: draft.currency,
        price_mode: draft.price_mode,
        gross_policy: draft.gross_policy,
        locale: instruction.locale,
        seller: seller.clone(),
        buyer: buyer.clone(),
        allowances: adjustments(&draft.allowances, &amounts.allowances),
        charges: adjustments(&draft.charges, &amounts.charges),
        tax_breakdown: amounts.tax_breakdown.clone(),
        totals: amounts.totals,
        policy_version: POLICY_VERSION.to_owned(),
        lines: lines(draft, amounts),
    };
    let content_hash = document.content_hash();
    Ok(InvoiceIssued {
        document,
        series,
        content_hash,
    })
}

/// BR-06, BR-08, BR-09 by the type of the seller; BR-CO-26, BR-IC-02 and BR-G-02 here.
fn complete_seller<'a>(
    draft: &DraftContent,
    seller: Option<&'a Seller>,
) -> Result<&'a Seller, InvoiceRefusal> {
    let incomplete = |field| InvoiceRefusal::SellerIncomplete {
        missing: vec![field],
    };
    let seller = seller.ok_or_else(|| incomplete(MissingField::Seller))?;
    let may_be_registered_only = !categories(draft).any(VatCategory::needs_seller_vat_id);
    let is_registered = seller.registration_id.is_some() && may_be_registered_only;
    if seller.vat_id.is_none() && !is_registered {
        return Err(incomplete(MissingField::SellerVatId));
    }
    Ok(seller)
}

/// BR-07, BR-10, BR-11 by the type of the buyer; BR-AE-02 and BR-IC-02 here.
fn complete_buyer(draft: &DraftContent) -> Result<&Buyer, InvoiceRefusal> {
    let incomplete = |field| InvoiceRefusal::BuyerIncomplete {
        missing: vec![field],
    };
    let buyer = draft
        .buyer
        .as_ref()
        .ok_or_else(|| incomplete(MissingField::Buyer))?;
    if buyer.vat_id.is_none() && categories(draft).any(VatCategory::needs_buyer_vat_id) {
        return Err(incomplete(MissingField::BuyerVatId));
    }
    Ok(buyer)
}

/// The tax categories of lines, allowances and charges.
fn categories(draft: &DraftContent) -> impl Iterator<Item = VatCategory> {
    let adjustments = draft.allowances.iter().chain(&draft.charges);
    let adjustments = adjustments.map(|item| item.vat.category());
    let lines = draft.lines.iter().map(|line| line.vat.category());
    lines.chain(adjustments)
}

fn check_series(kind: DocumentType, series: &SeriesSnapshot) -> Result<(), InvoiceRefusal> {
    let purpose = match kind {
        DocumentType::Invoice => SeriesPurpose::Invoice,
        DocumentType::CreditNote => SeriesPurpose::CreditNote,
    };
    if series.purpose == purpose {
        Ok(())
    } else {
        Err(InvoiceRefusal::SeriesOfOtherType)
    }
}

fn check_issue_date(issue_date: Date, today: Date) -> Result<(), InvoiceRefusal> {
    check_date(issue_date, "issue date", "/issue_date")?;
    match today.checked_add(ISSUE_DAYS_AHEAD_MAX.days()) {
        Ok(latest) if issue_date > latest => Err(InvoiceRefusal::IssueDateTooFarAhead),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn due_date(draft: &DraftContent, issue_date: Date) -> Result<Date, InvoiceRefusal> {
    let due = draft.terms.due.unwrap_or(Due::Date(issue_date));
    let due_date = due.date(issue_date).ok_or(InvoiceRefusal::DateOutOfRange {
        what: "due date",
        field: "/due_date",
    })?;
    check_date(due_date, "due date", "/due_date")?;
    if due_date < issue_date {
        return Err(InvoiceRefusal::DueBeforeIssue { issue_date });
    }
    Ok(due_date)
}

fn unnumbered(series: &SeriesSnapshot, issue_date: Date) -> InvoiceNumber {
    InvoiceNumber {
        text: String::new(),
        series: series.code.clone(),
        period: series.period(issue_date),
        sequence: 0,
    }
}

fn lines(draft: &DraftContent, amounts: Amounts) -> Vec<IssuedLine> {
    let lines = draft.lines.iter().cloned().zip(amounts.lines);
    lines
        .map(|(line, amounts)| IssuedLine { line, amounts })
        .collect()
}

fn adjustments(
    list: &[DocumentAdjustment],
    amounts: &[AdjustmentAmounts],
) -> Vec<IssuedAdjustment> {
    let pairs = list.iter().cloned().zip(amounts.iter().copied());
    pairs
        .map(|(adjustment, amounts)| IssuedAdjustment {
            adjustment,
            amounts,
        })
        .collect()
}
