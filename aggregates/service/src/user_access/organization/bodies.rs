//! What a client sends about its organisation.

use deserr::Deserr;
use invoiceapp_domain::ids::MediaId;
use invoiceapp_domain::invoice::{NET_DAYS_MAX, NetDays};
use invoiceapp_domain::locale::{Locale, TimeZoneName};
use invoiceapp_domain::money::Currency;
use invoiceapp_domain::organization::{InvoicingDefaults, OrganizationProfile};
use invoiceapp_domain::party::{
    Address, Bic, CountryCode, EmailAddress, Iban, LogoSnapshot, Phone, VatId,
};
use invoiceapp_domain::text::{Name, PostalCode, Reference, ShortText};
use invoiceapp_http::{BodyErrors, Code, Text};
use utoipa::ToSchema;

/// A postal address.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(crate) struct AddressBody {
    /// Street and house number.
    #[schema(value_type = String)]
    pub line1: Text<ShortText>,
    /// More of it.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub line2: Option<Text<ShortText>>,
    /// City.
    #[schema(value_type = String)]
    pub(crate) city: Text<ShortText>,
    /// Postal code.
    #[schema(value_type = String)]
    pub(crate) postal_code: Text<PostalCode>,
    /// ISO 3166-1 alpha-2.
    #[schema(value_type = String, example = "DE")]
    pub(crate) country: Text<CountryCode>,
}

impl AddressBody {
    /// As the domain takes it.
    pub(crate) fn into_address(self) -> Address {
        Address {
            line1: self.line1.0,
            line2: Text::optional(self.line2),
            city: self.city.0,
            postal_code: self.postal_code.0,
            country: self.country.0,
        }
    }
}

/// Days from issue to due date, as a JSON number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NetDaysBody(pub NetDays);

impl Deserr<BodyErrors> for NetDaysBody {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        location: deserr::ValuePointerRef<'_>,
    ) -> Result<Self, BodyErrors> {
        let days = u64::deserialize_from_value(value, location)?;
        let days = u16::try_from(days)
            .ok()
            .and_then(|days| NetDays::try_from(days).ok());
        days.map(Self).ok_or_else(|| {
            let detail = format!("The number of days is from 0 to {NET_DAYS_MAX}.");
            BodyErrors::at(Code::InvalidValue, location, detail)
        })
    }
}

/// Everything that an organisation says about itself.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
#[schema(as = OrganizationProfile)]
pub(crate) struct OrganizationBody {
    /// The seller's legal name (BT-27).
    #[schema(value_type = String)]
    pub(crate) legal_name: Text<Name>,
    /// Where its mails come from (BT-43).
    #[schema(value_type = String)]
    pub(crate) email: Text<EmailAddress>,
    /// Its telephone number (BT-42).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) phone: Option<Text<Phone>>,
    /// Its VAT identifier (BT-31).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) vat_id: Option<Text<VatId>>,
    /// Its number in a public register (BT-30); stands in for a VAT identifier (BR-CO-26).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) registration_id: Option<Text<Reference>>,
    /// Its postal address (BG-5).
    pub(crate) address: AddressBody,
    /// The account to pay to (BT-84).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) iban: Option<Text<Iban>>,
    /// The account's bank (BT-86).
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) bic: Option<Text<Bic>>,
    /// An upload with purpose `logo`.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) logo_media_id: Option<Text<MediaId>>,
    /// ISO 4217 code; `EUR` when absent.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) default_currency: Option<Text<Currency>>,
    /// Days from issue to due date; 30 when absent.
    #[deserr(default)]
    #[schema(value_type = Option<u16>)]
    pub(crate) default_net_days: Option<NetDaysBody>,
    /// Language of documents: `en`, `de`, `fr`, `es`, `pl`, `vi`; `en` when absent.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) locale: Option<Text<Locale>>,
    /// IANA name; `Etc/UTC` when absent.
    #[deserr(default)]
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    pub(crate) time_zone: Option<Text<TimeZoneName>>,
}

impl OrganizationBody {
    /// As the domain takes it, with the logo that was looked up.
    pub(crate) fn into_profile(self, logo: Option<LogoSnapshot>) -> OrganizationProfile {
        let defaults = InvoicingDefaults::default();
        OrganizationProfile {
            legal_name: self.legal_name.0,
            email: self.email.0,
            phone: Text::optional(self.phone),
            vat_id: Text::optional(self.vat_id),
            registration_id: Text::optional(self.registration_id),
            address: self.address.into_address(),
            iban: Text::optional(self.iban),
            bic: Text::optional(self.bic),
            logo,
            defaults: InvoicingDefaults {
                currency: Text::optional(self.default_currency).unwrap_or(defaults.currency),
                net_days: self
                    .default_net_days
                    .map_or(defaults.net_days, |days| days.0.get()),
                locale: Text::optional(self.locale).unwrap_or(defaults.locale),
                time_zone: Text::optional(self.time_zone).unwrap_or(defaults.time_zone),
            },
        }
    }
}
