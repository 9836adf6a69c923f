//! What a client sends about invoices. The fields' forms are checked while reading; what needs the
//! document's currency or a product is checked when the command is prepared.

use deserr::Deserr;
use invoiceapp_domain::ids::ProductId;
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::{Currency, Quantity, UnitPrice};
use invoiceapp_domain::party::{Buyer, EmailAddress, VatId};
use invoiceapp_domain::tax::PriceMode;
use invoiceapp_domain::text::{Name, Note, Reason, Reference, SeriesCode};
use invoiceapp_domain::unit_code::UnitCode;
use invoiceapp_http::json::CalendarDate;
use invoiceapp_http::{BodyErrors, Change, DecimalText, Text};
use utoipa::ToSchema;

use super::adjustments::{
    AmountText, DocumentAdjustmentBody, LineAdjustmentBody, PositiveQuantity, SignedAmountText,
};
use super::expected::TotalsBody;
use crate::product::VatBody;
use crate::user_access::{AddressBody, NetDaysBody};

/// Who is to pay.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(crate) struct BuyerBody {
    /// Its name (BT-44).
    #[schema(value_type = String)]
    pub(crate) name: Text<Name>,
    /// Where the invoice is sent to (BT-58).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) email: Option<Text<EmailAddress>>,
    /// Its VAT identifier (BT-48).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) vat_id: Option<Text<VatId>>,
    /// Its postal address (BG-8).
    pub(crate) address: AddressBody,
}

impl BuyerBody {
    /// As the domain takes it.
    pub(crate) fn into_buyer(self) -> Buyer {
        Buyer {
            name: self.name.0,
            email: Text::optional(self.email),
            vat_id: Text::optional(self.vat_id),
            address: self.address.into_address(),
        }
    }
}

/// A line: a product, or a name with price and tax. A product fills what is missing.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
#[schema(as = NewLine)]
pub(crate) struct LineBody {
    /// The product to fill it from.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) product_id: Option<Text<ProductId>>,
    /// What was supplied (BT-153).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) name: Option<Text<Name>>,
    /// More about it (BT-154).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Option<Text<Note>>,
    /// How much of it (BT-129), at most 6 decimals.
    #[schema(value_type = String, example = "3")]
    pub(crate) quantity: DecimalText<Quantity>,
    /// UN/ECE Recommendation 20 code (BT-130).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) unit_code: Option<Text<UnitCode>>,
    /// Price (BT-146), at most 10 decimals.
    #[deserr(default)]
    #[schema(value_type = Option<String>, example = "19.99")]
    pub(crate) unit_price: Option<DecimalText<UnitPrice>>,
    /// How many units the price is for (BT-149).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) price_base_quantity: Option<DecimalText<PositiveQuantity>>,
    /// How it is taxed (BT-151, BT-152).
    #[deserr(default)]
    pub(crate) vat: Option<VatBody>,
    /// What is taken off (BG-27).
    #[deserr(default)]
    #[schema(required = false)]
    pub(crate) allowances: Vec<LineAdjustmentBody>,
    /// What is put on (BG-28).
    #[deserr(default)]
    #[schema(required = false)]
    pub(crate) charges: Vec<LineAdjustmentBody>,
    /// What the client computes as the line's net amount (BT-131); refused when the server computes
    /// another.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) net_amount: Option<DecimalText<SignedAmountText>>,
}

/// An invoice to draft.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
#[schema(as = NewInvoice)]
pub(crate) struct DraftBody {
    /// Who is to pay; must be known at issue.
    #[deserr(default)]
    pub(crate) buyer: Option<BuyerBody>,
    /// The currency of every amount, for ever (BT-5).
    #[schema(value_type = String, example = "EUR")]
    pub(crate) currency: Text<Currency>,
    /// `net` (default) or `gross`: whether prices contain tax.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) price_mode: Option<Text<PriceMode>>,
    /// When payment is due (BT-9).
    #[deserr(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub(crate) due_date: Option<Text<CalendarDate>>,
    /// So many days after the issue date; the organisation's default when neither is given.
    #[deserr(default)]
    #[schema(value_type = Option<u16>)]
    pub(crate) net_days: Option<NetDaysBody>,
    /// When the supply was made (BT-72).
    #[deserr(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub(crate) delivery_date: Option<Text<CalendarDate>>,
    /// A note to the buyer (BT-22).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) note: Option<Text<Note>>,
    /// The buyer's order (BT-13).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) purchase_order: Option<Text<Reference>>,
    /// The lines in their order.
    #[deserr(default)]
    #[schema(required = false)]
    pub(crate) lines: Vec<LineBody>,
    /// Document level allowances (BG-20).
    #[deserr(default)]
    #[schema(required = false)]
    pub(crate) allowances: Vec<DocumentAdjustmentBody>,
    /// Document level charges (BG-21).
    #[deserr(default)]
    #[schema(required = false)]
    pub(crate) charges: Vec<DocumentAdjustmentBody>,
    /// What has been paid before (BT-113).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) prepaid: Option<DecimalText<AmountText>>,
    /// The rounding amount (BT-114).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) rounding: Option<DecimalText<SignedAmountText>>,
    /// What the client computes; refused when the server computes anything else.
    #[deserr(default)]
    pub(crate) totals: Option<TotalsBody>,
}

/// A change of a draft (RFC 7396): what is absent stays, `null` empties.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
#[schema(as = InvoiceChange)]
pub(crate) struct DraftChangeBody {
    /// May only repeat the draft's currency.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) currency: Option<Text<Currency>>,
    /// Whether prices contain tax.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) price_mode: Option<Text<PriceMode>>,
    /// Who is to pay.
    #[deserr(default)]
    #[schema(value_type = Option<BuyerBody>)]
    pub(crate) buyer: Change<BuyerBody>,
    /// When payment is due.
    #[deserr(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub(crate) due_date: Change<Text<CalendarDate>>,
    /// So many days after the issue date.
    #[deserr(default)]
    #[schema(value_type = Option<u16>)]
    pub(crate) net_days: Change<NetDaysBody>,
    /// When the supply was made.
    #[deserr(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub(crate) delivery_date: Change<Text<CalendarDate>>,
    /// A note to the buyer.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) note: Change<Text<Note>>,
    /// The buyer's order.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) purchase_order: Change<Text<Reference>>,
    /// All lines anew.
    #[deserr(default)]
    #[schema(value_type = Option<Vec<LineBody>>)]
    pub(crate) lines: Change<Vec<LineBody>>,
    /// All document level allowances anew.
    #[deserr(default)]
    #[schema(value_type = Option<Vec<DocumentAdjustmentBody>>)]
    pub(crate) allowances: Change<Vec<DocumentAdjustmentBody>>,
    /// All document level charges anew.
    #[deserr(default)]
    #[schema(value_type = Option<Vec<DocumentAdjustmentBody>>)]
    pub(crate) charges: Change<Vec<DocumentAdjustmentBody>>,
    /// What has been paid before.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) prepaid: Change<DecimalText<AmountText>>,
    /// The rounding amount.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) rounding: Change<DecimalText<SignedAmountText>>,
    /// What the client computes; refused when the server computes anything else.
    #[deserr(default)]
    pub(crate) totals: Option<TotalsBody>,
}

/// How to issue.
#[derive(Debug, Clone, Default, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
#[schema(as = Issue)]
pub(crate) struct IssueBody {
    /// The series to take the number from; `INV` when absent.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) series: Option<Text<SeriesCode>>,
    /// The date of the document; today when absent.
    #[deserr(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub(crate) issue_date: Option<Text<CalendarDate>>,
}

/// What to deliver, and to whom.
#[derive(Debug, Clone, Default, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
#[schema(as = Send)]
pub(crate) struct SendBody {
    /// E-mail addresses; the buyer's when absent.
    #[deserr(default)]
    #[schema(value_type = Vec<String>, required = false)]
    pub(crate) recipients: Vec<Text<EmailAddress>>,
    /// Language of mail and document; the document's when absent.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) locale: Option<Text<Locale>>,
    /// Words of the sender's own.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) message: Option<Text<Note>>,
}

/// Why.
#[derive(Debug, Clone, Default, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(crate) struct ReasonBody {
    /// A sentence for whoever reads the history.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) reason: Option<Text<Reason>>,
}
