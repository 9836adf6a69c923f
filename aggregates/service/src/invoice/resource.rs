//! An invoice as the API shows it, the same for commands and queries, drafts and issued documents.

use invoiceapp_domain::invoice::{DraftContent, Invoice, IssuedInvoice};
use invoiceapp_domain::money::Money;
use invoiceapp_journal::loaded::Loaded;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::available::Available;

use super::resource_parts::{
    AdjustmentResource, BuyerResource, DeliveryResource, DocumentResource, LineResource,
    PaymentResource, ReversedPaymentResource, SellerResource, TaxResource, TotalsResource,
    actor_text,
};

/// An invoice or credit note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Invoice)]
pub(crate) struct InvoiceResource {
    /// UUIDv7.
    pub(crate) id: String,
    /// `invoice` or `credit_note`.
    #[serde(rename = "type")]
    document_type: &'static str,
    /// The one word: `draft`, `discarded`, `open`, `overdue`, `paid`, `written_off`, `void`.
    status: &'static str,
    /// `draft`, `issued`, `discarded` or `voided`.
    document_status: &'static str,
    /// `unpaid`, `partially_paid`, `paid` or `written_off`; `null` unless issued.
    settlement_status: Option<&'static str>,
    /// `not_requested`, `requested`, `sent`, `uncertain` or `failed`.
    delivery_status: &'static str,
    /// BT-1; `null` until issued.
    number: Option<String>,
    /// The code of the series that the number is from.
    series: Option<String>,
    /// ISO 4217 code (BT-5).
    currency: String,
    /// `net` or `gross`.
    price_mode: String,
    /// BT-2.
    #[schema(format = Date)]
    issue_date: Option<String>,
    /// BT-9.
    #[schema(format = Date)]
    due_date: Option<String>,
    /// Days from issue to due date, of a draft that names no date.
    #[serde(skip_serializing_if = "Option::is_none")]
    net_days: Option<u16>,
    /// BT-72.
    #[schema(format = Date)]
    delivery_date: Option<String>,
    /// BT-22.
    note: Option<String>,
    /// BT-13.
    purchase_order: Option<String>,
    /// BG-4, frozen at issue; `null` before.
    seller: Option<SellerResource>,
    /// BG-7.
    buyer: Option<BuyerResource>,
    /// BG-25.
    lines: Vec<LineResource>,
    /// BG-20.
    allowances: Vec<AdjustmentResource>,
    /// BG-21.
    charges: Vec<AdjustmentResource>,
    /// BG-23.
    tax_breakdown: Vec<TaxResource>,
    /// BG-22, with what was paid and what is left.
    totals: TotalsResource,
    /// The payments that stand.
    payments: Vec<PaymentResource>,
    /// The payments that were taken back, the last hundred, oldest first.
    reversed_payments: Vec<ReversedPaymentResource>,
    /// Credit notes; none exist yet.
    credits: Vec<String>,
    /// Requests to deliver it, with what became of each recipient.
    deliveries: Vec<DeliveryResource>,
    /// Stored renderings.
    documents: Vec<DocumentResource>,
    /// SHA-256 of the frozen content.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_hash: Option<String>,
    /// How many events it has seen.
    version: u64,
    /// The journal position of the last of them.
    position: u64,
    /// When it was drafted, RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// Who drafted it.
    created_by: String,
    /// What can be done with it now.
    available_actions: Vec<&'static str>,
}

/// The invoice as of a day, once it was drafted.
pub(crate) fn render(loaded: &Loaded<Invoice>, today: Date) -> Option<InvoiceResource> {
    let shown = match &loaded.state {
        Invoice::Absent => return None,
        Invoice::Draft(draft) => Shown::of_draft(draft)?,
        Invoice::Discarded(discarded) => Shown::of_draft(&discarded.content)?,
        Invoice::Issued(issued) => Shown::of_issued(issued),
    };
    let invoice = &loaded.state;
    Some(InvoiceResource {
        id: loaded.stream.key.clone(),
        document_type: shown.document_type,
        status: invoice.status(today)?.as_str(),
        document_status: invoice.document_status()?.as_str(),
        settlement_status: invoice.settlement_status().map(|status| status.as_str()),
        delivery_status: invoice.delivery_status().as_str(),
        number: shown.number,
        series: shown.series,
        currency: invoice.currency()?.to_string(),
        price_mode: shown.price_mode,
        issue_date: shown.issue_date.map(|date| date.to_string()),
        due_date: shown.due_date.map(|date| date.to_string()),
        net_days: shown.net_days,
        delivery_date: shown.delivery_date.map(|date| date.to_string()),
        note: shown.note,
        purchase_order: shown.purchase_order,
        seller: shown.seller,
        buyer: shown.buyer,
        lines: shown.lines,
        allowances: shown.allowances,
        charges: shown.charges,
        tax_breakdown: shown.tax_breakdown,
        totals: shown.totals,
        payments: shown.payments,
        reversed_payments: shown.reversed_payments,
        credits: Vec::new(),
        deliveries: shown.deliveries,
        documents: shown.documents,
        content_hash: shown.content_hash,
        version: loaded.version,
        position: loaded.position,
        created_at: loaded.created_at.to_string(),
        created_by: actor_text(&loaded.created_by),
        available_actions: invoice.available(),
    })
}

/// What differs between a draft, whose amounts are computed now, and an issued document, whose
/// amounts are frozen.
struct Shown {
    document_type: &'static str,
    number: Option<String>,
    series: Option<String>,
    price_mode: String,
    issue_date: Option<Date>,
    due_date: Option<Date>,
    net_days: Option<u16>,
    delivery_date: Option<Date>,
    note: Option<String>,
    purchase_order: Option<String>,
    seller: Option<SellerResource>,
    buyer: Option<BuyerResource>,
    lines: Vec<LineResource>,
    allowances: Vec<AdjustmentResource>,
    charges: Vec<AdjustmentResource>,
    tax_breakdown: Vec<TaxResource>,
    totals: TotalsResource,
    payments: Vec<PaymentResource>,
    reversed_payments: Vec<ReversedPaymentResource>,
    deliveries: Vec<DeliveryResource>,
    documents: Vec<DocumentResource>,
    content_hash: Option<String>,
}

impl Shown {
    /// `None` for a draft whose amounts cannot be computed, which no command lets come about.
    fn of_draft(draft: &DraftContent) -> Option<Self> {
        let amounts = draft.amounts().ok()?;
        let lines = draft.lines.iter().zip(&amounts.lines);
        let allowances = draft.allowances.iter().zip(&amounts.allowances);
        let charges = draft.charges.iter().zip(&amounts.charges);
        let (due_date, net_days) = match draft.terms.due {
            Some(invoiceapp_domain::invoice::Due::Date(date)) => (Some(date), None),
            Some(invoiceapp_domain::invoice::Due::NetDays(days)) => (None, Some(days.get())),
            None => (None, None),
        };
        let nothing = Money::zero(draft.currency);
        Some(Self {
            document_type: super::resource_parts::type_word(draft.document_type),
            number: None,
            series: None,
            price_mode: draft.price_mode.to_string(),
            issue_date: None,
            due_date,
            net_days,
            delivery_date: draft.terms.delivery_date,
            note: draft.terms.note.as_ref().map(ToString::to_string),
            purchase_order: draft.terms.purchase_order.as_ref().map(ToString::to_string),
            seller: None,
            buyer: draft.buyer.as_ref().map(BuyerResource::from),
            lines: lines
                .map(|(line, amounts)| LineResource::of(line, amounts))
                .collect(),
            allowances: allowances
                .map(|(it, amounts)| AdjustmentResource::of(it, amounts))
                .collect(),
            charges: charges
                .map(|(it, amounts)| AdjustmentResource::of(it, amounts))
                .collect(),
            tax_breakdown: amounts
                .tax_breakdown
                .iter()
                .map(TaxResource::from)
                .collect(),
            totals: TotalsResource::of(&amounts.totals, nothing, amounts.totals.payable),
            payments: Vec::new(),
            reversed_payments: Vec::new(),
            deliveries: Vec::new(),
            documents: Vec::new(),
            content_hash: None,
        })
    }

    fn of_issued(issued: &IssuedInvoice) -> Self {
        let document = &issued.document;
        let adjustments = |list: &[invoiceapp_domain::invoice::IssuedAdjustment]| {
            list.iter()
                .map(|it| AdjustmentResource::of(&it.adjustment, &it.amounts))
                .collect()
        };
        let lines = document
            .lines
            .iter()
            .map(|it| LineResource::of(&it.line, &it.amounts));
        Self {
            document_type: super::resource_parts::type_word(document.document_type),
            number: Some(document.number.text.clone()),
            series: Some(document.number.series.to_string()),
            price_mode: document.price_mode.to_string(),
            issue_date: Some(document.issue_date),
            due_date: Some(document.due_date),
            net_days: None,
            delivery_date: document.delivery_date,
            note: document.note.as_ref().map(ToString::to_string),
            purchase_order: document.purchase_order.as_ref().map(ToString::to_string),
            seller: Some(SellerResource::from(&document.seller)),
            buyer: Some(BuyerResource::from(&document.buyer)),
            lines: lines.collect(),
            allowances: adjustments(&document.allowances),
            charges: adjustments(&document.charges),
            tax_breakdown: document
                .tax_breakdown
                .iter()
                .map(TaxResource::from)
                .collect(),
            totals: TotalsResource::of(&document.totals, issued.paid(), issued.balance()),
            payments: issued
                .payments
                .standing
                .iter()
                .map(PaymentResource::from)
                .collect(),
            reversed_payments: issued
                .payments
                .reversed
                .iter()
                .map(ReversedPaymentResource::from)
                .collect(),
            deliveries: issued
                .deliveries
                .iter()
                .map(DeliveryResource::from)
                .collect(),
            documents: issued
                .renderings
                .iter()
                .map(DocumentResource::from)
                .collect(),
            content_hash: Some(issued.content_hash.to_string()),
        }
    }
}
