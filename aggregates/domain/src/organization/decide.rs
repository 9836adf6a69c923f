//! The rules of the organisation.

use super::command::{OrganizationCommand, OrganizationProfile};
use super::event::OrganizationEvent;
use super::refusal::OrganizationRefusal;
use super::state::{InvoicingDefaults, Organization, OrganizationRecord};
use crate::decider::Decision;
use crate::text::Name;

/// Most days from issue to due date: two years.
pub const NET_DAYS_MAX: u16 = 730;

type Outcome = Result<Decision<OrganizationEvent>, OrganizationRefusal>;

pub(super) fn decide(organization: &Organization, command: &OrganizationCommand) -> Outcome {
    match command {
        OrganizationCommand::Provision { name, defaults } => {
            provision(organization, name, defaults)
        }
        OrganizationCommand::Describe(profile) => describe(organization, profile),
    }
}

fn provision(organization: &Organization, name: &Name, defaults: &InvoicingDefaults) -> Outcome {
    if organization.record().is_some() {
        return Err(OrganizationRefusal::TenantExists);
    }
    check_net_days(defaults)?;
    Ok(Decision::event(OrganizationEvent::TenantProvisioned {
        name: name.clone(),
        defaults: defaults.clone(),
    }))
}

/// One event for each thing that differs, so that the history says what was changed.
fn describe(organization: &Organization, profile: &OrganizationProfile) -> Outcome {
    let record = organization.record().ok_or(OrganizationRefusal::NotFound)?;
    check_net_days(&profile.defaults)?;
    let mut events = identity_changes(record, profile);
    events.extend(presentation_changes(record, profile));
    Ok(Decision::events(events))
}

fn identity_changes(
    record: &OrganizationRecord,
    profile: &OrganizationProfile,
) -> Vec<OrganizationEvent> {
    let mut events = Vec::new();
    if record.legal_name.as_ref() != Some(&profile.legal_name) {
        events.push(OrganizationEvent::LegalNameChanged {
            legal_name: profile.legal_name.clone(),
        });
    }
    if (record.email.as_ref(), &record.phone) != (Some(&profile.email), &profile.phone) {
        events.push(OrganizationEvent::ContactChanged {
            email: profile.email.clone(),
            phone: profile.phone.clone(),
        });
    }
    if (&record.vat_id, &record.registration_id) != (&profile.vat_id, &profile.registration_id) {
        events.push(OrganizationEvent::TaxRegistrationChanged {
            vat_id: profile.vat_id.clone(),
            registration_id: profile.registration_id.clone(),
        });
    }
    if record.address.as_ref() != Some(&profile.address) {
        events.push(OrganizationEvent::AddressChanged {
            address: profile.address.clone(),
        });
    }
    if (&record.iban, &record.bic) != (&profile.iban, &profile.bic) {
        events.push(OrganizationEvent::BankDetailsChanged {
            iban: profile.iban.clone(),
            bic: profile.bic.clone(),
        });
    }
    events
}

fn presentation_changes(
    record: &OrganizationRecord,
    profile: &OrganizationProfile,
) -> Vec<OrganizationEvent> {
    let (held, wanted) = (&record.defaults, &profile.defaults);
    let mut events = Vec::new();
    if record.logo != profile.logo {
        events.push(OrganizationEvent::LogoChanged {
            logo: profile.logo.clone(),
        });
    }
    if (held.currency, held.net_days) != (wanted.currency, wanted.net_days) {
        events.push(OrganizationEvent::PaymentTermsChanged {
            currency: wanted.currency,
            net_days: wanted.net_days,
        });
    }
    if held.locale != wanted.locale {
        events.push(OrganizationEvent::LocaleChanged {
            locale: wanted.locale,
        });
    }
    if held.time_zone != wanted.time_zone {
        events.push(OrganizationEvent::TimeZoneChanged {
            time_zone: wanted.time_zone.clone(),
        });
    }
    events
}

const fn check_net_days(defaults: &InvoicingDefaults) -> Result<(), OrganizationRefusal> {
    if defaults.net_days > NET_DAYS_MAX {
        return Err(OrganizationRefusal::NetDaysOutOfRange);
    }
    Ok(())
}
