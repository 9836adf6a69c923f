//! A product as the API shows it.

use invoiceapp_domain::product::{PriceVersion, Product, ProductStatus};
use invoiceapp_domain::tax::Vat;
use invoiceapp_journal::loaded::Loaded;
use serde::Serialize;
use utoipa::ToSchema;

use crate::available::Available;

/// A VAT category with its rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct VatResource {
    /// `S`, `Z`, `E`, `AE`, `K`, `G` or `O`.
    pub(crate) category: String,
    /// Percent as a decimal string.
    pub(crate) rate: String,
}

impl From<Vat> for VatResource {
    fn from(vat: Vat) -> Self {
        Self {
            category: vat.category().to_string(),
            rate: vat.rate().to_string(),
        }
    }
}

/// A price version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PriceResource {
    /// 1-based within the product.
    pub(crate) version: u32,
    /// ISO 4217 code.
    pub(crate) currency: String,
    /// Price of one unit.
    pub(crate) unit_price: String,
    /// `net` or `gross`.
    pub(crate) price_mode: String,
    /// The first day it holds for.
    #[schema(format = Date)]
    pub(crate) valid_from: String,
}

impl From<&PriceVersion> for PriceResource {
    fn from(price: &PriceVersion) -> Self {
        Self {
            version: price.version,
            currency: price.currency.to_string(),
            unit_price: price
                .unit_price
                .to_decimal_string(price.currency.exponent()),
            price_mode: price.price_mode.to_string(),
            valid_from: price.valid_from.to_string(),
        }
    }
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Product)]
pub(crate) struct ProductResource {
    /// UUIDv7.
    pub(crate) id: String,
    /// Its code.
    pub(crate) sku: String,
    /// What it is called on an invoice.
    pub(crate) name: String,
    /// What it is.
    pub(crate) description: Option<String>,
    /// UN/ECE Recommendation 20 code.
    pub(crate) unit_code: String,
    /// How it is taxed.
    pub(crate) vat: VatResource,
    /// `active` or `archived`.
    pub(crate) status: &'static str,
    /// Every price it ever had or is going to have, by version.
    pub(crate) prices: Vec<PriceResource>,
    /// How many events it has seen.
    pub(crate) version: u64,
    /// The journal position of the last of them.
    pub(crate) position: u64,
    /// When it was created, RFC 3339.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When it last changed, RFC 3339.
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
    /// What can be done with it now.
    pub(crate) available_actions: Vec<&'static str>,
}

/// The product, once it has been created.
pub(crate) fn render(loaded: &Loaded<Product>) -> Option<ProductResource> {
    let record = loaded.state.record()?;
    Some(ProductResource {
        id: loaded.stream.key.clone(),
        sku: record.sku.to_string(),
        name: record.name.to_string(),
        description: record.description.as_ref().map(ToString::to_string),
        unit_code: record.unit_code.to_string(),
        vat: record.vat.into(),
        status: status_word(record.status),
        prices: record.prices.iter().map(PriceResource::from).collect(),
        version: loaded.version,
        position: loaded.position,
        created_at: loaded.created_at.to_string(),
        updated_at: loaded.updated_at.to_string(),
        available_actions: loaded.state.available(),
    })
}

const fn status_word(status: ProductStatus) -> &'static str {
    match status {
        ProductStatus::Active => "active",
        ProductStatus::Archived => "archived",
    }
}
