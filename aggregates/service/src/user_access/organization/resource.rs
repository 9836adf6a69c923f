//! The organisation as the API shows it.

use invoiceapp_domain::organization::Organization;
use invoiceapp_domain::party::Address;
use invoiceapp_journal::loaded::Loaded;
use serde::Serialize;
use utoipa::ToSchema;

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Address)]
pub(crate) struct AddressResource {
    /// Street and house number.
    pub line1: String,
    /// More of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// City.
    pub(crate) city: String,
    /// Postal code.
    pub(crate) postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub(crate) country: String,
}

impl From<&Address> for AddressResource {
    fn from(address: &Address) -> Self {
        Self {
            line1: address.line1.to_string(),
            line2: address.line2.as_ref().map(ToString::to_string),
            city: address.city.to_string(),
            postal_code: address.postal_code.to_string(),
            country: address.country.to_string(),
        }
    }
}

/// The organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Organization)]
pub(crate) struct OrganizationResource {
    /// What those who run the system call the tenant.
    pub(crate) name: String,
    /// The seller's legal name.
    pub(crate) legal_name: Option<String>,
    /// Where its mails come from.
    pub(crate) email: Option<String>,
    /// Its telephone number.
    pub(crate) phone: Option<String>,
    /// Its VAT identifier.
    pub(crate) vat_id: Option<String>,
    /// Its number in a public register.
    pub(crate) registration_id: Option<String>,
    /// Its postal address.
    pub(crate) address: Option<AddressResource>,
    /// The account to pay to.
    pub(crate) iban: Option<String>,
    /// The account's bank.
    pub(crate) bic: Option<String>,
    /// The upload that is the logo.
    pub(crate) logo_media_id: Option<String>,
    /// ISO 4217 code.
    pub(crate) default_currency: String,
    /// Days from issue to due date.
    pub(crate) default_net_days: u16,
    /// Language of documents.
    pub(crate) locale: String,
    /// IANA name.
    pub(crate) time_zone: String,
    /// What an invoice still lacks of the seller; empty when it can be issued.
    pub(crate) missing: Vec<&'static str>,
    /// How many events it has seen.
    pub(crate) version: u64,
    /// The journal position of the last of them.
    pub(crate) position: u64,
}

/// The organisation, once the tenant exists.
pub(crate) fn render(loaded: &Loaded<Organization>) -> Option<OrganizationResource> {
    let record = loaded.state.record()?;
    Some(OrganizationResource {
        name: record.name.to_string(),
        legal_name: record.legal_name.as_ref().map(ToString::to_string),
        email: record.email.as_ref().map(ToString::to_string),
        phone: record.phone.as_ref().map(ToString::to_string),
        vat_id: record.vat_id.as_ref().map(ToString::to_string),
        registration_id: record.registration_id.as_ref().map(ToString::to_string),
        address: record.address.as_ref().map(AddressResource::from),
        iban: record.iban.as_ref().map(ToString::to_string),
        bic: record.bic.as_ref().map(ToString::to_string),
        logo_media_id: record.logo.as_ref().map(|logo| logo.media_id.to_string()),
        default_currency: record.defaults.currency.to_string(),
        default_net_days: record.defaults.net_days,
        locale: record.defaults.locale.to_string(),
        time_zone: record.defaults.time_zone.to_string(),
        missing: loaded.state.seller().err().unwrap_or_default(),
        version: loaded.version,
        position: loaded.position,
    })
}
