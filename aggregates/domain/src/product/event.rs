//! What happened to a product.

use serde::{Deserialize, Serialize};

use super::state::PriceVersion;
use crate::decider::EventPayload;
use crate::tax::Vat;
use crate::text::{Name, Note, Sku};
use crate::unit_code::UnitCode;

/// An event of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProductEvent {
    /// The product exists from now on, with the prices that the same command sets.
    ProductCreated {
        /// Its code.
        sku: Sku,
        /// What it is called (BT-153).
        name: Name,
        /// What it is (BT-154).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Note>,
        /// What its quantity is counted in (BT-130).
        unit_code: UnitCode,
        /// How it is taxed (BT-151, BT-152).
        vat: Vat,
    },
    /// It is called, described or counted otherwise.
    ProductDetailsChanged {
        /// What it is called now.
        name: Name,
        /// What it is described as now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Note>,
        /// What its quantity is counted in now.
        unit_code: UnitCode,
    },
    /// It is taxed otherwise.
    ProductTaxChanged {
        /// How it is taxed now.
        vat: Vat,
    },
    /// It has one more price version.
    PriceSet(PriceVersion),
    /// It is out of sale.
    ProductArchived {},
    /// It is on sale again.
    ProductRestored {},
}

impl EventPayload for ProductEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::ProductCreated { .. } => "ProductCreated",
            Self::ProductDetailsChanged { .. } => "ProductDetailsChanged",
            Self::ProductTaxChanged { .. } => "ProductTaxChanged",
            Self::PriceSet(_) => "PriceSet",
            Self::ProductArchived {} => "ProductArchived",
            Self::ProductRestored {} => "ProductRestored",
        }
    }
}
