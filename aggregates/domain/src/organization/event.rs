//! What happened to an organisation.

use serde::{Deserialize, Serialize};

use super::state::InvoicingDefaults;
use crate::decider::EventPayload;
use crate::locale::{Locale, TimeZoneName};
use crate::money::Currency;
use crate::party::{Address, Bic, EmailAddress, Iban, LogoSnapshot, Phone, VatId};
use crate::text::{Name, Reference};

/// An event of the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrganizationEvent {
    /// The tenant exists from now on.
    TenantProvisioned {
        /// What it is called by those who run the system.
        name: Name,
        /// What its documents begin with.
        defaults: InvoicingDefaults,
    },
    /// The seller has a legal name, or another one.
    LegalNameChanged {
        /// The name (BT-27).
        legal_name: Name,
    },
    /// The seller is reached otherwise.
    ContactChanged {
        /// Where mail reaches it (BT-43).
        email: EmailAddress,
        /// Where a call reaches it (BT-42).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<Phone>,
    },
    /// The seller is registered otherwise.
    TaxRegistrationChanged {
        /// Its VAT identifier (BT-31).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vat_id: Option<VatId>,
        /// Its number in a public register (BT-30).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        registration_id: Option<Reference>,
    },
    /// The seller has moved.
    AddressChanged {
        /// Where it is now (BG-5).
        address: Address,
    },
    /// The seller is paid otherwise.
    BankDetailsChanged {
        /// The account (BT-84).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        iban: Option<Iban>,
        /// The account's bank (BT-86).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bic: Option<Bic>,
    },
    /// The seller's documents have another picture at their head, or none.
    LogoChanged {
        /// The picture.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        logo: Option<LogoSnapshot>,
    },
    /// New drafts begin with other terms.
    PaymentTermsChanged {
        /// The currency.
        currency: Currency,
        /// Days from issue to due date.
        net_days: u16,
    },
    /// New documents are written in another language.
    LocaleChanged {
        /// The language.
        locale: Locale,
    },
    /// Days begin at another time from now on.
    TimeZoneChanged {
        /// The zone.
        time_zone: TimeZoneName,
    },
}

impl EventPayload for OrganizationEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::TenantProvisioned { .. } => "TenantProvisioned",
            Self::LegalNameChanged { .. } => "LegalNameChanged",
            Self::ContactChanged { .. } => "ContactChanged",
            Self::TaxRegistrationChanged { .. } => "TaxRegistrationChanged",
            Self::AddressChanged { .. } => "AddressChanged",
            Self::BankDetailsChanged { .. } => "BankDetailsChanged",
            Self::LogoChanged { .. } => "LogoChanged",
            Self::PaymentTermsChanged { .. } => "PaymentTermsChanged",
            Self::LocaleChanged { .. } => "LocaleChanged",
            Self::TimeZoneChanged { .. } => "TimeZoneChanged",
        }
    }
}
