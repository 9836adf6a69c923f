//! From what a client sends to what the domain takes: the parts of a draft that need the document's
//! currency, a product's price, or the organisation's defaults.

use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::LineId;
use invoiceapp_domain::invoice::{
    DraftChanges, Due, Invoice, InvoiceLine, InvoiceRefusal, NewDraft, Terms,
};
use invoiceapp_domain::money::{Currency, Money};
use invoiceapp_domain::patch::Patch;
use invoiceapp_domain::tax::PriceMode;
use invoiceapp_http::json::CalendarDate;
use invoiceapp_http::{Change, Code, FieldError, Problem, Text};
use invoiceapp_journal::loaded::Loaded;

use super::adjustments::{DocumentAdjustmentBody, each};
use super::bodies::{BuyerBody, DraftBody, DraftChangeBody, LineBody};
use super::filling::Filling;
use crate::parts::{Refusal, ServiceParts};
use crate::user_access::NetDaysBody;

/// The draft that a body describes.
pub(super) async fn new_draft(
    parts: &ServiceParts,
    tenant: &TenantId,
    body: DraftBody,
) -> Result<NewDraft, Problem> {
    let currency = body.currency.0;
    let price_mode = Text::optional(body.price_mode).unwrap_or_default();
    let organization = parts.organization(tenant).await?;
    let today = parts.today(tenant).await?;
    let filling = Filling {
        parts,
        tenant,
        currency,
        price_mode,
        today,
    };
    let mut errors = Vec::new();
    let lines = filling.lines(&body.lines, &mut errors).await?;
    let adjustments = |bodies, pointer: &str, errors: &mut Vec<FieldError>| {
        each(
            bodies,
            pointer,
            errors,
            |body: &DocumentAdjustmentBody, at| body.adjustment(currency, at),
        )
    };
    let allowances = adjustments(&body.allowances, "/allowances", &mut errors);
    let charges = adjustments(&body.charges, "/charges", &mut errors);
    let prepaid = body
        .prepaid
        .map(|amount| amount.money(currency, "/prepaid"));
    let prepaid = keep_error(prepaid, &mut errors);
    let rounding = body
        .rounding
        .map(|amount| amount.money(currency, "/rounding"));
    let rounding = keep_error(rounding, &mut errors);
    let default_days = organization.defaults().net_days.try_into().ok();
    let due = match (body.due_date, body.net_days) {
        (Some(_), Some(_)) => {
            errors.push(due_twice());
            None
        }
        (Some(date), None) => Some(Due::Date(date.0.0)),
        (None, Some(days)) => Some(Due::NetDays(days.0)),
        (None, None) => default_days.map(Due::NetDays),
    };
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    Ok(NewDraft {
        price_mode,
        buyer: body.buyer.map(BuyerBody::into_buyer),
        terms: Terms {
            due,
            delivery_date: body.delivery_date.map(|date| date.0.0),
            note: Text::optional(body.note),
            purchase_order: Text::optional(body.purchase_order),
        },
        lines,
        allowances,
        charges,
        prepaid,
        rounding,
        ..NewDraft::new(currency)
    })
}

fn due_twice() -> FieldError {
    FieldError::at(
        "/net_days",
        Code::InvalidValue,
        "Either due_date or net_days, not both.",
    )
}

fn keep_error<T>(parsed: Option<Result<T, FieldError>>, errors: &mut Vec<FieldError>) -> Option<T> {
    match parsed {
        None => None,
        Some(Ok(value)) => Some(value),
        Some(Err(error)) => {
            errors.push(error);
            None
        }
    }
}

/// The list after a change that says anything of it: cleared, it is empty.
fn emptied<T>(change: Change<Vec<T>>) -> Option<Vec<T>> {
    change.or_when_cleared(Vec::new)
}

/// When payment is due after a change. Of the two fields a draft has one at most, so clearing the
/// other changes nothing.
fn due_change(
    due: Option<Due>,
    date: Change<Text<CalendarDate>>,
    days: Change<NetDaysBody>,
    errors: &mut Vec<FieldError>,
) -> Patch<Due> {
    match (date, days, due) {
        (Change::Set(_), Change::Set(_), _) => {
            errors.push(due_twice());
            Patch::Keep
        }
        (Change::Set(date), _, _) => Patch::Set(Due::Date(date.0.0)),
        (_, Change::Set(days), _) => Patch::Set(Due::NetDays(days.0)),
        (Change::Clear, _, Some(Due::Date(_))) | (_, Change::Clear, Some(Due::NetDays(_))) => {
            Patch::Clear
        }
        _ => Patch::Keep,
    }
}

/// What a change needs to know of the draft that it changes.
pub(super) struct DraftFacts {
    tenant: TenantId,
    currency: Currency,
    price_mode: PriceMode,
    due: Option<Due>,
}

impl DraftFacts {
    pub(super) fn of(loaded: Option<&Loaded<Invoice>>) -> Result<Self, Refusal<InvoiceRefusal>> {
        let Some(loaded) = loaded else {
            return Err(Refusal::Domain(InvoiceRefusal::NotFound));
        };
        let draft = loaded
            .state
            .as_draft()
            .ok_or(Refusal::Domain(InvoiceRefusal::NotDraft))?;
        Ok(Self {
            tenant: loaded.stream.tenant.clone(),
            currency: draft.currency,
            price_mode: draft.price_mode,
            due: draft.terms.due,
        })
    }
}

/// The changes that a body describes, of a draft as it is.
pub(super) async fn draft_changes(
    parts: &ServiceParts,
    draft: &DraftFacts,
    body: DraftChangeBody,
) -> Result<DraftChanges, Problem> {
    let currency = draft.currency;
    let price_mode = Text::optional(body.price_mode);
    let filling = Filling {
        parts,
        tenant: &draft.tenant,
        currency,
        price_mode: price_mode.unwrap_or(draft.price_mode),
        today: parts.today(&draft.tenant).await?,
    };
    let mut errors = Vec::new();
    let lines = match emptied(body.lines) {
        Some(lines) => Some(filling.lines(&lines, &mut errors).await?),
        None => None,
    };
    let mut adjustments = |bodies: Change<Vec<_>>, pointer: &str| {
        let bodies: Vec<DocumentAdjustmentBody> = emptied(bodies)?;
        Some(each(&bodies, pointer, &mut errors, |body, at| {
            body.adjustment(currency, at)
        }))
    };
    let allowances = adjustments(body.allowances, "/allowances");
    let charges = adjustments(body.charges, "/charges");
    let nothing = || Ok(Money::zero(currency));
    let prepaid = body
        .prepaid
        .map(|amount| amount.money(currency, "/prepaid"));
    let prepaid = keep_error(prepaid.or_when_cleared(nothing), &mut errors);
    let rounding = body
        .rounding
        .map(|amount| amount.money(currency, "/rounding"));
    let rounding = keep_error(rounding.or_when_cleared(nothing), &mut errors);
    let due = due_change(draft.due, body.due_date, body.net_days, &mut errors);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    Ok(DraftChanges {
        currency: Text::optional(body.currency),
        price_mode,
        buyer: body.buyer.map(BuyerBody::into_buyer).into(),
        due,
        delivery_date: body.delivery_date.map(|date| date.0.0).into(),
        note: body.note.map(Text::into_inner).into(),
        purchase_order: body.purchase_order.map(Text::into_inner).into(),
        lines,
        allowances,
        charges,
        prepaid,
        rounding,
    })
}

/// The line that a body describes, in a draft as it is.
pub(super) async fn filled_line(
    parts: &ServiceParts,
    draft: &DraftFacts,
    (id, body): (LineId, &LineBody),
) -> Result<InvoiceLine, Problem> {
    let filling = Filling {
        parts,
        tenant: &draft.tenant,
        currency: draft.currency,
        price_mode: draft.price_mode,
        today: parts.today(&draft.tenant).await?,
    };
    filling.line(id, body).await
}
