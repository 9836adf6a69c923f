//! What an organisation is.

use serde::{Deserialize, Serialize};

use super::command::OrganizationCommand;
use super::decide::decide;
use super::event::OrganizationEvent;
use super::refusal::OrganizationRefusal;
use crate::decider::{Context, Decider, Decision};
use crate::ids::StreamKind;
use crate::locale::{Locale, TimeZoneName};
use crate::money::Currency;
use crate::party::{Address, Bic, EmailAddress, Iban, LogoSnapshot, Phone, Seller, VatId};
use crate::text::{Name, Reference};

/// The key of the one stream of this kind that a tenant has.
pub const ORGANIZATION_KEY: &str = "organization";

/// The organisation that a tenant is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Organization {
    /// Before its first event: there is no such tenant.
    #[default]
    Unprovisioned,
    /// The tenant exists.
    Provisioned(Box<OrganizationRecord>),
}

/// What an organisation has said about itself so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationRecord {
    /// What the tenant is called by those who run the system.
    pub name: Name,
    /// The seller's legal name (BT-27).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_name: Option<Name>,
    /// Where mail reaches it (BT-43).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// Where a call reaches it (BT-42).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// Its VAT identifier (BT-31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<VatId>,
    /// Its number in a public register (BT-30).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_id: Option<Reference>,
    /// Its postal address (BG-5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The account to pay to (BT-84).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iban: Option<Iban>,
    /// The account's bank (BT-86).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bic: Option<Bic>,
    /// The picture at the head of its documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<LogoSnapshot>,
    /// What its documents begin with.
    pub defaults: InvoicingDefaults,
}

/// What a tenant's documents begin with, unless a draft says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoicingDefaults {
    /// The currency.
    pub currency: Currency,
    /// Days from issue to due date.
    pub net_days: u16,
    /// The language.
    pub locale: Locale,
    /// What says which day it is.
    pub time_zone: TimeZoneName,
}

impl Default for InvoicingDefaults {
    fn default() -> Self {
        Self {
            currency: Currency::EUR,
            net_days: 30,
            locale: Locale::En,
            time_zone: TimeZoneName::utc(),
        }
    }
}

impl Organization {
    /// The organisation; `None` when there is no such tenant.
    #[must_use]
    pub fn record(&self) -> Option<&OrganizationRecord> {
        match self {
            Self::Unprovisioned => None,
            Self::Provisioned(record) => Some(record),
        }
    }

    /// What its documents begin with; the common defaults before the tenant exists.
    #[must_use]
    pub fn defaults(&self) -> InvoicingDefaults {
        self.record()
            .map_or_else(InvoicingDefaults::default, |record| record.defaults.clone())
    }

    /// The seller as an invoice freezes it.
    ///
    /// # Errors
    /// The fields that an invoice cannot do without and that are missing: the legal name (BR-06),
    /// the address (BR-08, BR-09), the e-mail address that its mails come from, and `vat_id` when
    /// there is neither a VAT identifier nor a registration (BR-CO-26).
    pub fn seller(&self) -> Result<Seller, Vec<&'static str>> {
        let Some(record) = self.record() else {
            return Err(vec!["legal_name", "address", "email", "vat_id"]);
        };
        record.seller()
    }
}

impl OrganizationRecord {
    fn seller(&self) -> Result<Seller, Vec<&'static str>> {
        let identified = self.vat_id.is_some() || self.registration_id.is_some();
        match (&self.legal_name, &self.address, &self.email, identified) {
            (Some(legal_name), Some(address), Some(email), true) => Ok(Seller {
                legal_name: legal_name.clone(),
                address: address.clone(),
                vat_id: self.vat_id.clone(),
                registration_id: self.registration_id.clone(),
                email: email.clone(),
                phone: self.phone.clone(),
                iban: self.iban.clone(),
                bic: self.bic.clone(),
                logo: self.logo.clone(),
            }),
            (legal_name, address, email, identified) => {
                let present = [
                    ("legal_name", legal_name.is_some()),
                    ("address", address.is_some()),
                    ("email", email.is_some()),
                    ("vat_id", identified),
                ];
                Err(present
                    .into_iter()
                    .filter(|(_, there)| !there)
                    .map(|(name, _)| name)
                    .collect())
            }
        }
    }

    fn provisioned(name: Name, defaults: InvoicingDefaults) -> Self {
        Self {
            name,
            legal_name: None,
            email: None,
            phone: None,
            vat_id: None,
            registration_id: None,
            address: None,
            iban: None,
            bic: None,
            logo: None,
            defaults,
        }
    }

    fn evolve(&mut self, event: &OrganizationEvent) {
        match event.clone() {
            OrganizationEvent::TenantProvisioned { .. } => {}
            OrganizationEvent::LegalNameChanged { legal_name } => {
                self.legal_name = Some(legal_name);
            }
            OrganizationEvent::ContactChanged { email, phone } => {
                (self.email, self.phone) = (Some(email), phone);
            }
            OrganizationEvent::TaxRegistrationChanged {
                vat_id,
                registration_id,
            } => {
                (self.vat_id, self.registration_id) = (vat_id, registration_id);
            }
            OrganizationEvent::AddressChanged { address } => self.address = Some(address),
            OrganizationEvent::BankDetailsChanged { iban, bic } => {
                (self.iban, self.bic) = (iban, bic);
            }
            OrganizationEvent::LogoChanged { logo } => self.logo = logo,
            OrganizationEvent::PaymentTermsChanged { currency, net_days } => {
                (self.defaults.currency, self.defaults.net_days) = (currency, net_days);
            }
            OrganizationEvent::LocaleChanged { locale } => self.defaults.locale = locale,
            OrganizationEvent::TimeZoneChanged { time_zone } => self.defaults.time_zone = time_zone,
        }
    }
}

impl Decider for Organization {
    const KIND: StreamKind = StreamKind::Organization;
    type Command = OrganizationCommand;
    type Event = OrganizationEvent;
    type Refusal = OrganizationRefusal;

    fn decide(
        &self,
        command: &OrganizationCommand,
        _context: &Context,
    ) -> Result<Decision<OrganizationEvent>, OrganizationRefusal> {
        decide(self, command)
    }

    fn evolve(&mut self, event: &OrganizationEvent) {
        if let OrganizationEvent::TenantProvisioned { name, defaults } = event {
            let record = OrganizationRecord::provisioned(name.clone(), defaults.clone());
            *self = Self::Provisioned(Box::new(record));
        } else if let Self::Provisioned(record) = self {
            record.evolve(event);
        }
    }
}
