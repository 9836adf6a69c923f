//! Postal addresses.

use serde::{Deserialize, Serialize};

use super::country::CountryCode;
use crate::text::{PostalCode, ShortText};

/// A postal address (BG-5, BG-8).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// Street and number, or a post box (BT-35, BT-50).
    pub line1: ShortText,
    /// What line 1 had no room for (BT-36, BT-51).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<ShortText>,
    /// The town (BT-37, BT-52).
    pub city: ShortText,
    /// The postal code (BT-38, BT-53).
    pub postal_code: PostalCode,
    /// The country, always known (BR-09, BR-11).
    pub country: CountryCode,
}
