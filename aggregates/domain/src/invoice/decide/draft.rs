//! Writing a draft. Whatever is accepted here can be computed: a draft always shows its amounts.

use super::super::command::{DraftChanges, NewDraft};
use super::super::content::{
    DocumentAdjustment, DraftContent, Due, InvoiceLine, LineAdjustment, Terms,
};
use super::super::event::InvoiceEvent;
use super::super::limits::{
    DOCUMENT_ADJUSTMENTS_MAX, DRAFT_WEIGHT_MAX, LINE_ADJUSTMENTS_MAX, LINES_MAX,
};
use super::super::ordered::Keyed;
use super::super::refusal::InvoiceRefusal;
use super::super::state::Invoice;
use super::{Outcome, at_most, bounds, check_date};
use crate::decider::Decision;
use crate::ids::LineId;
use crate::money::{Currency, Money};
use crate::party::Buyer;
use crate::patch::Patch;
use crate::tax::{AdjustmentBasis, TaxError};

/// Where a command's body has what belongs to a line, as JSON pointers.
struct LineFields {
    allowances: &'static str,
    charges: &'static str,
    price_base_quantity: &'static str,
    whole: &'static str,
}

impl LineFields {
    /// In a body with lines, of which a pointer known before the request can name only the list.
    const OF_DOCUMENT: Self = Self {
        allowances: "/lines",
        charges: "/lines",
        price_base_quantity: "/lines",
        whole: "/lines",
    };
    /// In a body that is a line. The lines beside it were accepted before, so what is wrong is its.
    const OF_LINE: Self = Self {
        allowances: "/allowances",
        charges: "/charges",
        price_base_quantity: "/price_base_quantity",
        whole: "",
    };
}

pub(super) fn create(state: &Invoice, new: &NewDraft) -> Outcome {
    if *state != Invoice::Absent {
        return Err(InvoiceRefusal::AlreadyExists);
    }
    check_distinct(&new.lines)?;
    let zero = Money::zero(new.currency);
    let content = DraftContent {
        document_type: new.document_type,
        currency: new.currency,
        price_mode: new.price_mode,
        gross_policy: new.gross_policy,
        buyer: new.buyer.clone(),
        terms: new.terms.clone(),
        lines: new.lines.iter().cloned().collect(),
        allowances: new.allowances.clone(),
        charges: new.charges.clone(),
        prepaid: new.prepaid.unwrap_or(zero),
        rounding: new.rounding.unwrap_or(zero),
    };
    check(&content, &LineFields::OF_DOCUMENT)?;
    Ok(Decision::event(InvoiceEvent::InvoiceDrafted(Box::new(
        content,
    ))))
}

pub(super) fn change(draft: &DraftContent, changes: &DraftChanges) -> Outcome {
    if changes
        .currency
        .is_some_and(|currency| currency != draft.currency)
    {
        return Err(InvoiceRefusal::CurrencyMismatch);
    }
    if let Some(lines) = &changes.lines {
        check_distinct(lines)?;
    }
    let events: Vec<InvoiceEvent> = [
        buyer_event(draft.buyer.as_ref(), &changes.buyer),
        terms_event(&draft.terms, changes),
        changes
            .price_mode
            .filter(|mode| *mode != draft.price_mode)
            .map(|price_mode| InvoiceEvent::PriceModeChanged { price_mode }),
        lines_event(draft, changes),
        changes
            .allowances
            .as_ref()
            .filter(|list| **list != draft.allowances)
            .map(|list| InvoiceEvent::AllowancesSet {
                allowances: list.clone(),
            }),
        changes
            .charges
            .as_ref()
            .filter(|list| **list != draft.charges)
            .map(|list| InvoiceEvent::ChargesSet {
                charges: list.clone(),
            }),
        changes
            .prepaid
            .filter(|amount| *amount != draft.prepaid)
            .map(|prepaid| InvoiceEvent::PrepaidSet { prepaid }),
        changes
            .rounding
            .filter(|amount| *amount != draft.rounding)
            .map(|rounding| InvoiceEvent::RoundingSet { rounding }),
    ]
    .into_iter()
    .flatten()
    .collect();
    accept(draft, events, &LineFields::OF_DOCUMENT)
}

/// The lines anew, or those that there are without the price version that they no longer have: a
/// catalogue's price with tax is not its price without.
fn lines_event(draft: &DraftContent, changes: &DraftChanges) -> Option<InvoiceEvent> {
    let is_other_mode = changes.price_mode.is_some_and(|it| it != draft.price_mode);
    let lines = match &changes.lines {
        Some(lines) => lines.clone(),
        None if is_other_mode => draft.lines.iter().cloned().map(of_no_version).collect(),
        None => return None,
    };
    (!draft.lines.iter().eq(lines.iter())).then_some(InvoiceEvent::LinesReplaced { lines })
}

fn of_no_version(line: InvoiceLine) -> InvoiceLine {
    InvoiceLine {
        price_version: None,
        ..line
    }
}

fn buyer_event(current: Option<&Buyer>, change: &Patch<Buyer>) -> Option<InvoiceEvent> {
    let buyer = change.applied_to(current);
    (buyer.as_ref() != current).then(|| InvoiceEvent::BuyerChanged {
        buyer: buyer.map(Box::new),
    })
}

fn terms_event(current: &Terms, changes: &DraftChanges) -> Option<InvoiceEvent> {
    let terms = Terms {
        due: changes.due.applied_to(current.due.as_ref()),
        delivery_date: changes
            .delivery_date
            .applied_to(current.delivery_date.as_ref()),
        note: changes.note.applied_to(current.note.as_ref()),
        purchase_order: changes
            .purchase_order
            .applied_to(current.purchase_order.as_ref()),
    };
    (terms != *current).then_some(InvoiceEvent::TermsChanged { terms })
}

pub(super) fn add_line(draft: &DraftContent, line: &InvoiceLine) -> Outcome {
    let line_id = line.line_id;
    if draft.lines.get(line_id).is_some() {
        return Err(InvoiceRefusal::LineExists { line_id });
    }
    accept(
        draft,
        vec![InvoiceEvent::LineAdded {
            line: Box::new(line.clone()),
        }],
        &LineFields::OF_LINE,
    )
}

pub(super) fn change_line(draft: &DraftContent, line: &InvoiceLine) -> Outcome {
    let line_id = line.line_id;
    let known = draft
        .lines
        .get(line_id)
        .ok_or(InvoiceRefusal::LineNotFound { line_id })?;
    if known == line {
        return Ok(Decision::events(Vec::new()));
    }
    accept(
        draft,
        vec![InvoiceEvent::LineChanged {
            line: Box::new(line.clone()),
        }],
        &LineFields::OF_LINE,
    )
}

pub(super) fn remove_line(draft: &DraftContent, line_id: LineId) -> Outcome {
    draft
        .lines
        .get(line_id)
        .ok_or(InvoiceRefusal::LineNotFound { line_id })?;
    accept(
        draft,
        vec![InvoiceEvent::LineRemoved { line_id }],
        &LineFields::OF_DOCUMENT,
    )
}

/// Accepts events when the draft they lead to keeps every rule.
fn accept(draft: &DraftContent, events: Vec<InvoiceEvent>, fields: &LineFields) -> Outcome {
    if events.is_empty() {
        return Ok(Decision::events(events));
    }
    let mut next = draft.clone();
    for event in &events {
        next.apply(event);
    }
    check(&next, fields)?;
    Ok(Decision::events(events))
}

fn check(content: &DraftContent, fields: &LineFields) -> Result<(), InvoiceRefusal> {
    at_most(content.lines.len(), LINES_MAX, "lines")?;
    at_most(
        content.allowances.len(),
        DOCUMENT_ADJUSTMENTS_MAX,
        "allowances",
    )?;
    at_most(content.charges.len(), DOCUMENT_ADJUSTMENTS_MAX, "charges")?;
    at_most(content.weight(), DRAFT_WEIGHT_MAX, "bytes of lines")?;
    let currency = content.currency;
    for line in content.lines.iter() {
        check_line(line, currency, fields)?;
    }
    check_adjustments(content)?;
    check_not_negative(content.prepaid, currency, "the prepaid amount", "/prepaid")?;
    check_currency(content.rounding, currency)?;
    check_terms(&content.terms)?;
    let amounts = content.amounts().map_err(|error| {
        if error == TaxError::OutOfRange {
            InvoiceRefusal::AmountTooLarge {
                field: fields.whole,
            }
        } else {
            error.into()
        }
    })?;
    bounds::check_parts(content, &amounts, fields.allowances)
}

fn check_adjustments(content: &DraftContent) -> Result<(), InvoiceRefusal> {
    for (list, field) in [
        (&content.allowances, "/allowances"),
        (&content.charges, "/charges"),
    ] {
        for DocumentAdjustment { basis, .. } in list {
            check_basis(*basis, content.currency, field)?;
        }
    }
    Ok(())
}

fn check_distinct(lines: &[InvoiceLine]) -> Result<(), InvoiceRefusal> {
    let mut seen = std::collections::BTreeSet::new();
    match lines.iter().find(|line| !seen.insert(line.key())) {
        Some(line) => Err(InvoiceRefusal::LineExists {
            line_id: line.line_id,
        }),
        None => Ok(()),
    }
}

fn check_line(
    line: &InvoiceLine,
    currency: Currency,
    fields: &LineFields,
) -> Result<(), InvoiceRefusal> {
    at_most(
        line.allowances.len(),
        LINE_ADJUSTMENTS_MAX,
        "allowances of a line",
    )?;
    at_most(
        line.charges.len(),
        LINE_ADJUSTMENTS_MAX,
        "charges of a line",
    )?;
    if line
        .price_base_quantity
        .is_some_and(|quantity| !quantity.is_positive())
    {
        return Err(InvoiceRefusal::BaseQuantityNotPositive {
            field: fields.price_base_quantity,
        });
    }
    for (list, field) in [
        (&line.allowances, fields.allowances),
        (&line.charges, fields.charges),
    ] {
        for LineAdjustment { basis, .. } in list {
            check_basis(*basis, currency, field)?;
        }
    }
    Ok(())
}

fn check_basis(
    basis: AdjustmentBasis,
    currency: Currency,
    field: &'static str,
) -> Result<(), InvoiceRefusal> {
    match basis {
        AdjustmentBasis::Amount(amount) => {
            check_not_negative(amount, currency, "an allowance or charge", field)
        }
        AdjustmentBasis::Percent(_) => Ok(()),
    }
}

fn check_not_negative(
    amount: Money,
    currency: Currency,
    what: &'static str,
    field: &'static str,
) -> Result<(), InvoiceRefusal> {
    check_currency(amount, currency)?;
    if amount.is_negative() {
        return Err(InvoiceRefusal::AmountTooLow {
            what,
            field,
            zero_allowed: true,
        });
    }
    Ok(())
}

fn check_currency(amount: Money, currency: Currency) -> Result<(), InvoiceRefusal> {
    if amount.currency() == currency {
        Ok(())
    } else {
        Err(InvoiceRefusal::CurrencyMismatch)
    }
}

fn check_terms(terms: &Terms) -> Result<(), InvoiceRefusal> {
    if let Some(Due::Date(date)) = terms.due {
        check_date(date, "due date", "/due_date")?;
    }
    terms.delivery_date.map_or(Ok(()), |date| {
        check_date(date, "delivery date", "/delivery_date")
    })
}
