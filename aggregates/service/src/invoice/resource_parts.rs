//! The parts of an invoice as the API shows them.

use invoiceapp_domain::Actor;
use invoiceapp_domain::invoice::{
    Delivery, DeliveryOutcome, DocumentAdjustment, DocumentType, InvoiceLine, LineAdjustment,
    Payment, Rendering, ReversedPayment,
};
use invoiceapp_domain::money::{Money, Rate};
use invoiceapp_domain::party::{Buyer, Seller};
use invoiceapp_domain::tax::{
    AdjustmentAmounts, AdjustmentBasis, LineAmounts, TaxBreakdown, Totals,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::product::VatResource;
use crate::user_access::AddressResource;

/// Who is to pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Buyer)]
pub(super) struct BuyerResource {
    /// BT-44.
    name: String,
    /// BT-58.
    email: Option<String>,
    /// BT-48.
    vat_id: Option<String>,
    /// BG-8.
    address: AddressResource,
}

impl From<&Buyer> for BuyerResource {
    fn from(buyer: &Buyer) -> Self {
        Self {
            name: buyer.name.to_string(),
            email: buyer.email.as_ref().map(ToString::to_string),
            vat_id: buyer.vat_id.as_ref().map(ToString::to_string),
            address: AddressResource::from(&buyer.address),
        }
    }
}

/// Who is to be paid, as frozen at issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Seller)]
pub(super) struct SellerResource {
    /// BT-27.
    legal_name: String,
    /// BT-43.
    email: String,
    /// BT-42.
    phone: Option<String>,
    /// BT-31.
    vat_id: Option<String>,
    /// BT-30.
    registration_id: Option<String>,
    /// BG-5.
    address: AddressResource,
    /// BT-84.
    iban: Option<String>,
    /// BT-86.
    bic: Option<String>,
    /// The upload that is the logo.
    logo_media_id: Option<String>,
}

impl From<&Seller> for SellerResource {
    fn from(seller: &Seller) -> Self {
        Self {
            legal_name: seller.legal_name.to_string(),
            email: seller.email.to_string(),
            phone: seller.phone.as_ref().map(ToString::to_string),
            vat_id: seller.vat_id.as_ref().map(ToString::to_string),
            registration_id: seller.registration_id.as_ref().map(ToString::to_string),
            address: AddressResource::from(&seller.address),
            iban: seller.iban.as_ref().map(ToString::to_string),
            bic: seller.bic.as_ref().map(ToString::to_string),
            logo_media_id: seller.logo.as_ref().map(|logo| logo.media_id.to_string()),
        }
    }
}

/// An allowance or charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Adjustment)]
pub(super) struct AdjustmentResource {
    /// Why.
    reason: String,
    /// The amount that it comes to: of the document without tax, of a line in the price mode.
    amount: String,
    /// The percentage that it comes from.
    percent: Option<String>,
    /// Whose taxable amount it changes; a line's own is the line's.
    #[serde(skip_serializing_if = "Option::is_none")]
    vat: Option<VatResource>,
}

impl AdjustmentResource {
    pub(super) fn of(adjustment: &DocumentAdjustment, amounts: &AdjustmentAmounts) -> Self {
        Self {
            reason: adjustment.reason.to_string(),
            amount: text(amounts.net_amount),
            percent: percent(adjustment.basis),
            vat: Some(adjustment.vat.into()),
        }
    }

    fn of_line(adjustment: &LineAdjustment, amount: Money) -> Self {
        Self {
            reason: adjustment.reason.to_string(),
            amount: text(amount),
            percent: percent(adjustment.basis),
            vat: None,
        }
    }
}

fn percent(basis: AdjustmentBasis) -> Option<String> {
    match basis {
        AdjustmentBasis::Amount(_) => None,
        AdjustmentBasis::Percent(rate) => Some(rate_text(rate)),
    }
}

fn rate_text(rate: Rate) -> String {
    rate.to_string()
}

fn text(money: Money) -> String {
    money.to_decimal_string()
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Line)]
pub(super) struct LineResource {
    /// UUIDv7 (BT-126).
    id: String,
    /// The product that it was filled from.
    product_id: Option<String>,
    /// Which of the product's prices it has.
    price_version: Option<u32>,
    /// BT-155.
    sku: Option<String>,
    /// BT-153.
    name: String,
    /// BT-154.
    description: Option<String>,
    /// BT-129.
    quantity: String,
    /// BT-130.
    unit_code: String,
    /// BT-146.
    unit_price: String,
    /// BT-149.
    price_base_quantity: Option<String>,
    /// BT-151 and BT-152.
    vat: VatResource,
    /// BG-27.
    allowances: Vec<AdjustmentResource>,
    /// BG-28.
    charges: Vec<AdjustmentResource>,
    /// BT-131.
    net_amount: String,
}

impl LineResource {
    pub(super) fn of(line: &InvoiceLine, amounts: &LineAmounts) -> Self {
        let adjustments = |list: &[LineAdjustment], amounts: &[Money]| {
            let pairs = list.iter().zip(amounts);
            pairs
                .map(|(it, amount)| AdjustmentResource::of_line(it, *amount))
                .collect()
        };
        let exponent = amounts.net_amount.currency().exponent();
        Self {
            id: line.line_id.to_string(),
            product_id: line.product_id.map(|id| id.to_string()),
            price_version: line.price_version,
            sku: line.sku.as_ref().map(ToString::to_string),
            name: line.name.to_string(),
            description: line.description.as_ref().map(ToString::to_string),
            quantity: line.quantity.to_string(),
            unit_code: line.unit_code.to_string(),
            unit_price: line.unit_price.to_decimal_string(exponent),
            price_base_quantity: line
                .price_base_quantity
                .map(|quantity| quantity.to_string()),
            vat: line.vat.into(),
            allowances: adjustments(&line.allowances, &amounts.allowances),
            charges: adjustments(&line.charges, &amounts.charges),
            net_amount: text(amounts.net_amount),
        }
    }
}

/// One row of the VAT breakdown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TaxBreakdown)]
pub(super) struct TaxResource {
    /// BT-118.
    category: String,
    /// BT-119.
    rate: String,
    /// BT-116.
    taxable_amount: String,
    /// BT-117.
    tax_amount: String,
}

impl From<&TaxBreakdown> for TaxResource {
    fn from(tax: &TaxBreakdown) -> Self {
        Self {
            category: tax.vat.category().to_string(),
            rate: rate_text(tax.vat.rate()),
            taxable_amount: text(tax.taxable_amount),
            tax_amount: text(tax.tax_amount),
        }
    }
}

/// The totals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Totals)]
pub(super) struct TotalsResource {
    /// BT-106.
    line_net: String,
    /// BT-107.
    allowances: String,
    /// BT-108.
    charges: String,
    /// BT-109.
    tax_exclusive: String,
    /// BT-110.
    tax: String,
    /// BT-112.
    tax_inclusive: String,
    /// BT-113.
    prepaid: String,
    /// BT-114.
    rounding: String,
    /// BT-115.
    payable: String,
    /// The sum of the payments that stand.
    paid: String,
    /// The sum of credit notes.
    credited: String,
    /// What is left to pay.
    balance: String,
}

impl TotalsResource {
    pub(super) fn of(totals: &Totals, paid: Money, balance: Money) -> Self {
        Self {
            line_net: text(totals.line_net),
            allowances: text(totals.allowances),
            charges: text(totals.charges),
            tax_exclusive: text(totals.tax_exclusive),
            tax: text(totals.tax),
            tax_inclusive: text(totals.tax_inclusive),
            prepaid: text(totals.prepaid),
            rounding: text(totals.rounding),
            payable: text(totals.payable),
            paid: text(paid),
            credited: text(Money::zero(totals.payable.currency())),
            balance: text(balance),
        }
    }
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(super) struct PaymentResource {
    /// UUIDv7.
    id: String,
    /// How much.
    amount: String,
    /// On which day.
    #[schema(format = Date)]
    paid_on: String,
    /// How.
    method: String,
    /// The payer's or the bank's reference.
    reference: Option<String>,
}

impl From<&Payment> for PaymentResource {
    fn from(payment: &Payment) -> Self {
        Self {
            id: payment.payment_id.to_string(),
            amount: text(payment.amount),
            paid_on: payment.paid_on.to_string(),
            method: payment.method.to_string(),
            reference: payment.reference.as_ref().map(ToString::to_string),
        }
    }
}

/// A payment that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReversedPayment)]
pub(super) struct ReversedPaymentResource {
    /// As it was recorded.
    #[serde(flatten)]
    payment: PaymentResource,
    /// Why it no longer counts.
    reason: Option<String>,
}

impl From<&ReversedPayment> for ReversedPaymentResource {
    fn from(reversed: &ReversedPayment) -> Self {
        Self {
            payment: PaymentResource::from(&reversed.payment),
            reason: reversed.reason.as_ref().map(ToString::to_string),
        }
    }
}

/// One recipient of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct RecipientResource {
    /// The address.
    recipient: String,
    /// `requested`, `uncertain`, `rejected`, `accepted`, `delivered` or `bounced`.
    outcome: &'static str,
}

/// One request to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(super) struct DeliveryResource {
    /// UUIDv7.
    id: String,
    /// When it was asked for, RFC 3339.
    #[schema(format = DateTime)]
    requested_at: String,
    /// Language of mail and document.
    locale: String,
    /// What became of it: `requested`, `sent`, `uncertain` or `failed`.
    status: &'static str,
    /// Each recipient.
    recipients: Vec<RecipientResource>,
}

impl From<&Delivery> for DeliveryResource {
    fn from(delivery: &Delivery) -> Self {
        let recipients = delivery
            .recipients
            .iter()
            .map(|recipient| RecipientResource {
                recipient: recipient.recipient.to_string(),
                outcome: recipient.outcome.map_or("requested", outcome_word),
            });
        Self {
            id: delivery.delivery_id.to_string(),
            requested_at: delivery.requested_at.to_string(),
            locale: delivery.locale.to_string(),
            status: delivery.status().as_str(),
            recipients: recipients.collect(),
        }
    }
}

const fn outcome_word(outcome: DeliveryOutcome) -> &'static str {
    match outcome {
        DeliveryOutcome::Uncertain => "uncertain",
        DeliveryOutcome::Rejected => "rejected",
        DeliveryOutcome::Accepted => "accepted",
        DeliveryOutcome::Delivered => "delivered",
        DeliveryOutcome::Bounced => "bounced",
    }
}

/// A stored rendering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Document)]
pub(super) struct DocumentResource {
    /// UUIDv7.
    id: String,
    /// `pdf`.
    kind: &'static str,
    /// Its language.
    locale: String,
    /// The version of the invoice that it shows.
    from_version: u64,
    /// SHA-256 of its bytes.
    sha256: String,
    /// How many bytes it has.
    size: u64,
    /// The day until which it is archived; `null` until it is.
    #[schema(format = Date)]
    retain_until: Option<String>,
}

impl From<&Rendering> for DocumentResource {
    fn from(rendering: &Rendering) -> Self {
        Self {
            id: rendering.document_id.to_string(),
            kind: "pdf",
            locale: rendering.locale.to_string(),
            from_version: rendering.from_version,
            sha256: rendering.sha256.to_string(),
            size: rendering.size,
            retain_until: rendering
                .archive
                .as_ref()
                .map(|it| it.retain_until.to_string()),
        }
    }
}

pub(super) const fn type_word(document_type: DocumentType) -> &'static str {
    match document_type {
        DocumentType::Invoice => "invoice",
        DocumentType::CreditNote => "credit_note",
    }
}

/// An actor as text: a user's id, or `system:` and the part's name.
pub(super) fn actor_text(actor: &Actor) -> String {
    match actor {
        Actor::User(user) => user.to_string(),
        Actor::System(part) => format!("system:{part}"),
    }
}
