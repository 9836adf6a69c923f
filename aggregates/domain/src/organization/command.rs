//! What an organisation is asked.

use super::state::InvoicingDefaults;
use crate::party::{Address, Bic, EmailAddress, Iban, LogoSnapshot, Phone, VatId};
use crate::text::{Name, Reference};

/// A command to the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrganizationCommand {
    /// Creates the tenant.
    Provision {
        /// What the tenant is called by those who run the system.
        name: Name,
        /// What its documents begin with.
        defaults: InvoicingDefaults,
    },
    /// Replaces everything that the organisation says about itself.
    Describe(Box<OrganizationProfile>),
}

/// Everything that an organisation says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationProfile {
    /// The seller's legal name (BT-27).
    pub legal_name: Name,
    /// Where its mails come from and answers go to (BT-43).
    pub email: EmailAddress,
    /// Its telephone number (BT-42).
    pub phone: Option<Phone>,
    /// Its VAT identifier (BT-31).
    pub vat_id: Option<VatId>,
    /// Its number in a public register (BT-30).
    pub registration_id: Option<Reference>,
    /// Its postal address (BG-5).
    pub address: Address,
    /// The account to pay to (BT-84).
    pub iban: Option<Iban>,
    /// The account's bank (BT-86).
    pub bic: Option<Bic>,
    /// The picture at the head of its documents; the caller has seen that the upload is a logo.
    pub logo: Option<LogoSnapshot>,
    /// What its documents begin with.
    pub defaults: InvoicingDefaults,
}
