//! VAT categories and the rates they allow.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::invalid::InvalidValue;
use crate::money::Rate;

/// How a supply is taxed (BT-151, BT-95, BT-102): a code of UNTDID 5305 that EN 16931 allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum VatCategory {
    /// `S`, standard rated: any rate above zero.
    #[serde(rename = "S")]
    Standard,
    /// `Z`, zero rated goods.
    #[serde(rename = "Z")]
    ZeroRated,
    /// `E`, exempt from VAT.
    #[serde(rename = "E")]
    Exempt,
    /// `AE`, reverse charge: the buyer owes the tax.
    #[serde(rename = "AE")]
    ReverseCharge,
    /// `K`, supply to another member state of the European Economic Area.
    #[serde(rename = "K")]
    IntraCommunity,
    /// `G`, export.
    #[serde(rename = "G")]
    Export,
    /// `O`, outside the scope of VAT.
    #[serde(rename = "O")]
    OutsideScope,
}

impl VatCategory {
    /// Every category.
    pub const ALL: [Self; 7] = [
        Self::Standard,
        Self::ZeroRated,
        Self::Exempt,
        Self::ReverseCharge,
        Self::IntraCommunity,
        Self::Export,
        Self::OutsideScope,
    ];

    /// The category's code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Standard => "S",
            Self::ZeroRated => "Z",
            Self::Exempt => "E",
            Self::ReverseCharge => "AE",
            Self::IntraCommunity => "K",
            Self::Export => "G",
            Self::OutsideScope => "O",
        }
    }

    /// The code of the exemption reason (BT-121, VATEX list) where the category alone says it.
    #[must_use]
    pub const fn exemption_reason_code(self) -> Option<&'static str> {
        match self {
            Self::ReverseCharge => Some("VATEX-EU-AE"),
            Self::IntraCommunity => Some("VATEX-EU-IC"),
            Self::Export => Some("VATEX-EU-G"),
            Self::OutsideScope => Some("VATEX-EU-O"),
            Self::Standard | Self::ZeroRated | Self::Exempt => None,
        }
    }

    /// Whether no other identifier of the seller will do than the one for VAT (BR-IC-02, BR-G-02).
    #[must_use]
    pub const fn needs_seller_vat_id(self) -> bool {
        matches!(self, Self::IntraCommunity | Self::Export)
    }

    /// Whether the buyer's VAT identifier has to stand on the document (BR-AE-02, BR-IC-02).
    #[must_use]
    pub const fn needs_buyer_vat_id(self) -> bool {
        matches!(self, Self::ReverseCharge | Self::IntraCommunity)
    }
}

impl fmt::Display for VatCategory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl FromStr for VatCategory {
    type Err = InvalidValue;
    fn from_str(code: &str) -> Result<Self, InvalidValue> {
        Self::ALL
            .into_iter()
            .find(|category| category.code() == code)
            .ok_or_else(|| InvalidValue::new("must be one of S, Z, E, AE, K, G, O"))
    }
}

/// A category with its rate: amounts are totalled per pair of both (BG-23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "StoredVat")]
pub struct Vat {
    category: VatCategory,
    rate: Rate,
}

#[derive(Deserialize)]
struct StoredVat {
    category: VatCategory,
    rate: Rate,
}

impl TryFrom<StoredVat> for Vat {
    type Error = InvalidValue;
    fn try_from(stored: StoredVat) -> Result<Self, InvalidValue> {
        Self::new(stored.category, stored.rate)
    }
}

impl Vat {
    /// Pairs a category with a rate.
    ///
    /// # Errors
    /// [`InvalidValue`] when the standard rate is zero (BR-S-05 to 07), or another category's is
    /// not (BR-Z-05, BR-E-05, BR-AE-05, BR-IC-05, BR-G-05 and siblings; `O` has no rate, which is
    /// written as zero: BR-O-05).
    pub fn new(category: VatCategory, rate: Rate) -> Result<Self, InvalidValue> {
        if (category == VatCategory::Standard) == rate.is_zero() {
            return Err(InvalidValue::new(match category {
                VatCategory::Standard => "the rate of category S must be above 0",
                VatCategory::ZeroRated
                | VatCategory::Exempt
                | VatCategory::ReverseCharge
                | VatCategory::IntraCommunity
                | VatCategory::Export
                | VatCategory::OutsideScope => "the rate of this category must be 0",
            }));
        }
        Ok(Self { category, rate })
    }

    /// The category.
    #[must_use]
    pub const fn category(self) -> VatCategory {
        self.category
    }

    /// The rate.
    #[must_use]
    pub const fn rate(self) -> Rate {
        self.rate
    }
}
