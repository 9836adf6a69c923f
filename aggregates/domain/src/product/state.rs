//! What a product is.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::command::ProductCommand;
use super::decide::decide;
use super::event::ProductEvent;
use super::refusal::ProductRefusal;
use crate::decider::{Context, Decider, Decision};
use crate::ids::StreamKind;
use crate::money::{Currency, UnitPrice};
use crate::tax::{PriceMode, Vat};
use crate::text::{Name, Note, Sku};
use crate::unit_code::UnitCode;

/// A product; the key of its stream is its id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// Before its first event.
    #[default]
    Missing,
    /// On sale or archived.
    Created(Box<ProductRecord>),
}

/// A product that was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductRecord {
    /// Its code; never changes.
    pub sku: Sku,
    /// What it is called on an invoice (BT-153).
    pub name: Name,
    /// What it is (BT-154).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Note>,
    /// What its quantity is counted in (BT-130).
    pub unit_code: UnitCode,
    /// How it is taxed (BT-151, BT-152).
    pub vat: Vat,
    /// Every price it ever had or is going to have, by version.
    pub prices: Vec<PriceVersion>,
    /// Whether it is on sale.
    pub status: ProductStatus,
}

/// One price, for ever: a line that was drafted with it says so.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PriceVersion {
    /// 1-based within the product.
    pub version: u32,
    /// The currency it is in.
    pub currency: Currency,
    /// The price of one unit.
    pub unit_price: UnitPrice,
    /// Whether the tax is in it.
    pub price_mode: PriceMode,
    /// The first day that it holds for.
    pub valid_from: Date,
}

/// Whether a product is on sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductStatus {
    /// A new line may name it.
    Active,
    /// No new line may name it.
    Archived,
}

impl Product {
    /// The product; `None` before its first event.
    #[must_use]
    pub fn record(&self) -> Option<&ProductRecord> {
        match self {
            Self::Missing => None,
            Self::Created(record) => Some(record),
        }
    }
}

impl ProductRecord {
    /// The price that holds in a currency and mode on a day: the one that has begun last, and of
    /// several that began on one day the newest version.
    #[must_use]
    pub fn price_for(
        &self,
        currency: Currency,
        mode: PriceMode,
        date: Date,
    ) -> Option<&PriceVersion> {
        let prices = self.prices.iter();
        prices
            .filter(|price| price.currency == currency && price.price_mode == mode)
            .filter(|price| price.valid_from <= date)
            .max_by_key(|price| (price.valid_from, price.version))
    }

    /// The version that the next price gets.
    #[must_use]
    pub fn next_price_version(&self) -> u32 {
        self.prices
            .last()
            .map_or(1, |price| price.version.saturating_add(1))
    }

    fn evolve(&mut self, event: &ProductEvent) {
        match event {
            ProductEvent::ProductCreated { .. } => {}
            ProductEvent::ProductDetailsChanged {
                name,
                description,
                unit_code,
            } => {
                self.name = name.clone();
                self.description = description.clone();
                self.unit_code = unit_code.clone();
            }
            ProductEvent::ProductTaxChanged { vat } => self.vat = *vat,
            ProductEvent::PriceSet(price) => self.prices.push(price.clone()),
            ProductEvent::ProductArchived {} => self.status = ProductStatus::Archived,
            ProductEvent::ProductRestored {} => self.status = ProductStatus::Active,
        }
    }
}

impl Decider for Product {
    const KIND: StreamKind = StreamKind::Product;
    type Command = ProductCommand;
    type Event = ProductEvent;
    type Refusal = ProductRefusal;

    fn decide(
        &self,
        command: &ProductCommand,
        context: &Context,
    ) -> Result<Decision<ProductEvent>, ProductRefusal> {
        decide(self, command, context)
    }

    fn evolve(&mut self, event: &ProductEvent) {
        if let ProductEvent::ProductCreated {
            sku,
            name,
            description,
            unit_code,
            vat,
        } = event
        {
            *self = Self::Created(Box::new(ProductRecord {
                sku: sku.clone(),
                name: name.clone(),
                description: description.clone(),
                unit_code: unit_code.clone(),
                vat: *vat,
                prices: Vec::new(),
                status: ProductStatus::Active,
            }));
        } else if let Self::Created(record) = self {
            record.evolve(event);
        }
    }
}
