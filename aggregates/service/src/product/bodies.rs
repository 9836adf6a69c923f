//! What a client sends about products.

use deserr::Deserr;
use invoiceapp_domain::money::{Currency, Rate, UnitPrice};
use invoiceapp_domain::patch::Patch;
use invoiceapp_domain::product::{NewPrice, NewProduct, ProductChange};
use invoiceapp_domain::tax::{PriceMode, Vat, VatCategory};
use invoiceapp_domain::text::{Name, Note, Sku};
use invoiceapp_domain::unit_code::UnitCode;
use invoiceapp_http::json::CalendarDate;
use invoiceapp_http::{BodyErrors, Change, Code, DecimalText, Text};
use utoipa::ToSchema;

/// A VAT category with its rate.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields, validate = VatBody::validate -> BodyErrors)]
pub(crate) struct VatBody {
    /// `S`, `Z`, `E`, `AE`, `K`, `G` or `O` (BT-151).
    #[schema(value_type = String, example = "S")]
    pub(crate) category: Text<VatCategory>,
    /// Percent as a decimal string (BT-152).
    #[schema(value_type = String, example = "19")]
    pub(crate) rate: DecimalText<Rate>,
}

impl VatBody {
    fn validate(self, location: deserr::ValuePointerRef<'_>) -> Result<Self, BodyErrors> {
        match Vat::new(self.category.0, self.rate.0) {
            Ok(_) => Ok(self),
            Err(invalid) => {
                let rate = location.push_key("rate");
                Err(BodyErrors::at(
                    Code::InvalidValue,
                    rate,
                    invalid.to_string(),
                ))
            }
        }
    }

    /// The checked pair; what was refused while parsing cannot get here.
    pub(crate) fn vat(&self) -> Result<Vat, BodyErrors> {
        Vat::new(self.category.0, self.rate.0)
            .map_err(|invalid| BodyErrors::of(Code::InvalidValue, "/vat/rate", invalid.to_string()))
    }
}

/// A price version.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(crate) struct PriceBody {
    /// ISO 4217 code.
    #[schema(value_type = String, example = "EUR")]
    pub(crate) currency: Text<Currency>,
    /// Price of one unit, at most 10 decimals.
    #[schema(value_type = String, example = "19.99")]
    pub(crate) unit_price: DecimalText<UnitPrice>,
    /// `net` (default) or `gross`.
    #[deserr(default)]
    #[schema(value_type = Option<String>, example = "net")]
    pub(crate) price_mode: Option<Text<PriceMode>>,
    /// The first day it holds for; today when absent.
    #[deserr(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub(crate) valid_from: Option<Text<CalendarDate>>,
}

impl PriceBody {
    /// As the domain takes it.
    pub(crate) fn into_price(self) -> NewPrice {
        NewPrice {
            currency: self.currency.0,
            unit_price: self.unit_price.0,
            price_mode: Text::optional(self.price_mode).unwrap_or_default(),
            valid_from: self.valid_from.map(|date| date.0.0),
        }
    }
}

/// A product to create.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
#[schema(as = NewProduct)]
pub(crate) struct ProductBody {
    /// Its code, unique in the tenant whatever its case.
    #[schema(value_type = String, example = "LEG-1")]
    pub(crate) sku: Text<Sku>,
    /// What it is called on an invoice (BT-153).
    #[schema(value_type = String, example = "Table leg")]
    pub(crate) name: Text<Name>,
    /// What it is (BT-154).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Option<Text<Note>>,
    /// UN/ECE Recommendation 20 code; `C62` (one) when absent.
    #[deserr(default)]
    #[schema(value_type = Option<String>, example = "C62")]
    pub(crate) unit_code: Option<Text<UnitCode>>,
    /// How it is taxed.
    pub(crate) vat: VatBody,
    /// Its first price versions.
    #[deserr(default)]
    #[schema(required = false)]
    pub(crate) prices: Vec<PriceBody>,
}

impl ProductBody {
    /// As the domain takes it.
    pub(crate) fn into_product(self) -> Result<NewProduct, BodyErrors> {
        Ok(NewProduct {
            vat: self.vat.vat()?,
            sku: self.sku.0,
            name: self.name.0,
            description: Text::optional(self.description),
            unit_code: Text::optional(self.unit_code).unwrap_or_default(),
            prices: self.prices.into_iter().map(PriceBody::into_price).collect(),
        })
    }
}

/// A change of a product; what is absent stays.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(crate) struct ProductChangeBody {
    /// Another name.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) name: Option<Text<Name>>,
    /// Another description; `null` takes it away.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Change<Text<Note>>,
    /// Another unit.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) unit_code: Option<Text<UnitCode>>,
    /// Another tax.
    #[deserr(default)]
    pub(crate) vat: Option<VatBody>,
}

impl ProductChangeBody {
    /// As the domain takes it.
    pub(crate) fn into_change(self) -> Result<ProductChange, BodyErrors> {
        let description: Patch<Note> = self.description.map(Text::into_inner).into();
        Ok(ProductChange {
            name: Text::optional(self.name),
            description,
            unit_code: Text::optional(self.unit_code),
            vat: self.vat.map(|vat| vat.vat()).transpose()?,
        })
    }
}
