//! What a product is asked.

use jiff::civil::Date;

use crate::money::{Currency, UnitPrice};
use crate::patch::Patch;
use crate::tax::{PriceMode, Vat};
use crate::text::{Name, Note, Sku};
use crate::unit_code::UnitCode;

/// A command to a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductCommand {
    /// Creates the product with its first prices, possibly none.
    Create(Box<NewProduct>),
    /// Changes what is named, as one command; the SKU never changes.
    Change(ProductChange),
    /// Adds a price version. Earlier versions stay as they are.
    SetPrice(NewPrice),
    /// Takes the product out of sale: no new line names it. Nothing is deleted.
    Archive,
    /// Puts it on sale again.
    Restore,
}

/// A product as it is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProduct {
    /// Its code, unique within the tenant.
    pub sku: Sku,
    /// What it is called on an invoice (BT-153).
    pub name: Name,
    /// What it is (BT-154).
    pub description: Option<Note>,
    /// What its quantity is counted in (BT-130).
    pub unit_code: UnitCode,
    /// How it is taxed (BT-151, BT-152).
    pub vat: Vat,
    /// Its first price versions, in order.
    pub prices: Vec<NewPrice>,
}

/// A price version as it is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPrice {
    /// The currency it is in.
    pub currency: Currency,
    /// The price of one unit.
    pub unit_price: UnitPrice,
    /// Whether the tax is in it.
    pub price_mode: PriceMode,
    /// The first day that it holds for; the day of the decision when it is left out.
    pub valid_from: Option<Date>,
}

/// A change of a product; what is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProductChange {
    /// Another name.
    pub name: Option<Name>,
    /// Another description.
    pub description: Patch<Note>,
    /// Another unit.
    pub unit_code: Option<UnitCode>,
    /// Another tax.
    pub vat: Option<Vat>,
}
