//! The two parties of an invoice, as it names them.

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::bank::{Bic, Iban};
use super::email::EmailAddress;
use super::phone::Phone;
use super::vat_id::VatId;
use crate::digest::Sha256Hex;
use crate::ids::MediaId;
use crate::text::{Name, Reference};

/// Who is to pay (BG-7).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Buyer {
    /// Its name (BT-44, BR-07).
    pub name: Name,
    /// Where the invoice is sent to (BT-58).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// Its VAT identifier (BT-48).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<VatId>,
    /// Its postal address (BG-8, BR-10).
    pub address: Address,
}

/// Who is to be paid (BG-4), as frozen into an issued invoice: what the organisation says later
/// never changes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seller {
    /// Its legal name (BT-27, BR-06).
    pub legal_name: Name,
    /// Its postal address (BG-5, BR-08).
    pub address: Address,
    /// Its VAT identifier (BT-31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<VatId>,
    /// Its number in a public register (BT-30); stands in for a missing VAT identifier (BR-CO-26).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_id: Option<Reference>,
    /// Where its mails come from and answers go to (BT-43).
    pub email: EmailAddress,
    /// Its telephone number (BT-42).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// The account to pay to (BT-84).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iban: Option<Iban>,
    /// The account's bank (BT-86).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bic: Option<Bic>,
    /// The picture at the head of its documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<LogoSnapshot>,
}

/// A logo, named by what it is: the bytes of a digest never change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogoSnapshot {
    /// The upload it came from.
    pub media_id: MediaId,
    /// The digest of the stored object.
    pub sha256: Sha256Hex,
}
