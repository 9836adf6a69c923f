//! Allowances and charges as a client sends them: an amount, or a percentage.

use std::str::FromStr;

use deserr::{Deserr, ValuePointerRef};
use invoiceapp_domain::InvalidAmount;
use invoiceapp_domain::invoice::{DocumentAdjustment, LineAdjustment};
use invoiceapp_domain::money::{Currency, Money, Quantity, Rate};
use invoiceapp_domain::tax::AdjustmentBasis;
use invoiceapp_domain::text::Reason;
use invoiceapp_http::{BodyErrors, Code, DecimalText, FieldError, Text};
use utoipa::ToSchema;

use crate::product::VatBody;

/// A decimal amount of either sign, whose currency is not known yet. Its form is checked at once;
/// that it fits the document's currency comes later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedAmountText(String);

/// A decimal amount that is not negative, whose currency is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AmountText(String);

/// A decimal amount above zero, whose currency is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PositiveAmountText(AmountText);

/// A quantity above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PositiveQuantity(pub(crate) Quantity);

impl FromStr for SignedAmountText {
    type Err = InvalidAmount;
    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        Money::check_form(text, true).map(|_| Self(text.to_owned()))
    }
}

impl FromStr for AmountText {
    type Err = InvalidAmount;
    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        Money::check_form(text, false).map(|_| Self(text.to_owned()))
    }
}

impl FromStr for PositiveAmountText {
    type Err = InvalidAmount;
    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        if Money::check_form(text, false)?.is_eq() {
            return Err(InvalidAmount::new("must be more than zero"));
        }
        Ok(Self(AmountText(text.to_owned())))
    }
}

impl FromStr for PositiveQuantity {
    type Err = InvalidAmount;
    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        Quantity::parse_positive(text).map(Self)
    }
}

impl SignedAmountText {
    /// The amount in a currency.
    pub(crate) fn money(&self, currency: Currency, pointer: &str) -> Result<Money, FieldError> {
        at(pointer, Money::parse_signed(&self.0, currency))
    }
}

impl AmountText {
    /// The amount in a currency.
    pub(crate) fn money(&self, currency: Currency, pointer: &str) -> Result<Money, FieldError> {
        at(pointer, Money::parse(&self.0, currency))
    }
}

impl PositiveAmountText {
    /// The amount in a currency.
    pub(crate) fn money(&self, currency: Currency, pointer: &str) -> Result<Money, FieldError> {
        self.0.money(currency, pointer)
    }
}

fn at(pointer: &str, parsed: Result<Money, InvalidAmount>) -> Result<Money, FieldError> {
    parsed.map_err(|invalid| FieldError::at(pointer, Code::InvalidAmount, invalid.reason))
}

/// An allowance or charge of a line: exactly one of `amount` and `percent`.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields, validate = LineAdjustmentBody::validate -> BodyErrors)]
pub(crate) struct LineAdjustmentBody {
    /// Why (BT-139, BT-144).
    #[schema(value_type = String)]
    pub(crate) reason: Text<Reason>,
    /// So much.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) amount: Option<DecimalText<AmountText>>,
    /// A share of the line before its allowances and charges.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) percent: Option<DecimalText<Rate>>,
}

impl LineAdjustmentBody {
    fn validate(self, location: ValuePointerRef<'_>) -> Result<Self, BodyErrors> {
        exactly_one(self.amount.is_some(), self.percent.is_some(), location)?;
        Ok(self)
    }

    /// As the domain takes it.
    pub(crate) fn adjustment(
        &self,
        currency: Currency,
        pointer: &str,
    ) -> Result<LineAdjustment, FieldError> {
        let basis = basis(
            self.amount.as_ref(),
            self.percent.as_ref(),
            currency,
            pointer,
        )?;
        Ok(LineAdjustment {
            reason: self.reason.0.clone(),
            basis,
        })
    }
}

/// An allowance or charge of the document: exactly one of `amount` and `percent`.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields, validate = DocumentAdjustmentBody::validate -> BodyErrors)]
pub(crate) struct DocumentAdjustmentBody {
    /// Why (BT-97, BT-104).
    #[schema(value_type = String)]
    pub(crate) reason: Text<Reason>,
    /// So much.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) amount: Option<DecimalText<AmountText>>,
    /// A share of the lines under the same VAT category and rate.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) percent: Option<DecimalText<Rate>>,
    /// Whose taxable amount it changes (BR-32, BR-37).
    pub(crate) vat: VatBody,
}

impl DocumentAdjustmentBody {
    fn validate(self, location: ValuePointerRef<'_>) -> Result<Self, BodyErrors> {
        exactly_one(self.amount.is_some(), self.percent.is_some(), location)?;
        Ok(self)
    }

    /// As the domain takes it.
    pub(crate) fn adjustment(
        &self,
        currency: Currency,
        pointer: &str,
    ) -> Result<DocumentAdjustment, FieldError> {
        let basis = basis(
            self.amount.as_ref(),
            self.percent.as_ref(),
            currency,
            pointer,
        )?;
        let vat = self.vat.vat();
        let vat = vat.map_err(|_| FieldError::at(pointer, Code::InvalidValue, "Invalid VAT."))?;
        Ok(DocumentAdjustment {
            reason: self.reason.0.clone(),
            basis,
            vat,
        })
    }
}

fn exactly_one(
    amount: bool,
    percent: bool,
    location: ValuePointerRef<'_>,
) -> Result<(), BodyErrors> {
    if amount == percent {
        let detail = "Exactly one of amount and percent is needed.";
        return Err(BodyErrors::at(Code::InvalidValue, location, detail));
    }
    Ok(())
}

fn basis(
    amount: Option<&DecimalText<AmountText>>,
    percent: Option<&DecimalText<Rate>>,
    currency: Currency,
    pointer: &str,
) -> Result<AdjustmentBasis, FieldError> {
    match (amount, percent) {
        (Some(amount), _) => {
            let pointer = format!("{pointer}/amount");
            amount
                .money(currency, &pointer)
                .map(AdjustmentBasis::Amount)
        }
        (None, Some(percent)) => Ok(AdjustmentBasis::Percent(percent.0)),
        (None, None) => Err(FieldError::at(
            pointer,
            Code::InvalidValue,
            "An amount or percent is needed.",
        )),
    }
}

/// Collects every error of a list of adjustments.
pub(crate) fn each<B, A>(
    bodies: &[B],
    pointer: &str,
    errors: &mut Vec<FieldError>,
    adjustment: impl Fn(&B, &str) -> Result<A, FieldError>,
) -> Vec<A> {
    let mut all = Vec::with_capacity(bodies.len());
    for (place, body) in bodies.iter().enumerate() {
        match adjustment(body, &format!("{pointer}/{place}")) {
            Ok(adjustment) => all.push(adjustment),
            Err(error) => errors.push(error),
        }
    }
    all
}
