//! The rules of the organisation.

use invoiceapp_domain::Decider;
use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::ids::MediaId;
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::organization::{
    InvoicingDefaults, NET_DAYS_MAX, Organization, OrganizationCommand, OrganizationEvent,
    OrganizationProfile, OrganizationRefusal,
};
use invoiceapp_domain::party::{Address, LogoSnapshot};
use uuid::Uuid;

use crate::support::{context, facts, given, of};

/// Creates the tenant.
pub(crate) fn provision(defaults: InvoicingDefaults) -> OrganizationCommand {
    OrganizationCommand::Provision {
        name: of("Acme"),
        defaults,
    }
}

fn provisioned() -> OrganizationEvent {
    OrganizationEvent::TenantProvisioned {
        name: of("Acme"),
        defaults: InvoicingDefaults::default(),
    }
}

fn address() -> Address {
    Address {
        line1: of("Hauptstr. 1"),
        line2: None,
        city: of("Berlin"),
        postal_code: of("10115"),
        country: of("DE"),
    }
}

/// A complete seller.
pub(crate) fn profile() -> OrganizationProfile {
    OrganizationProfile {
        legal_name: of("Acme GmbH"),
        email: of("billing@acme.example.com"),
        phone: Some(of("+49 30 123456")),
        vat_id: Some(of("DE123456789")),
        registration_id: None,
        address: address(),
        iban: Some(of("DE44500105175407324931")),
        bic: None,
        logo: None,
        defaults: InvoicingDefaults {
            time_zone: of("Europe/Berlin"),
            locale: Locale::De,
            ..InvoicingDefaults::default()
        },
    }
}

/// Says all of it.
pub(crate) fn describe(profile: OrganizationProfile) -> OrganizationCommand {
    OrganizationCommand::Describe(Box::new(profile))
}

fn described(profile: OrganizationProfile) -> Vec<OrganizationEvent> {
    let mut events = vec![provisioned()];
    let decision = Organization::fold(&events)
        .decide(&describe(profile), &context())
        .unwrap();
    events.extend(decision.events);
    events
}

#[test]
fn a_tenant_is_provisioned() {
    given::<Organization>(vec![])
        .when(provision(InvoicingDefaults::default()))
        .then_expect_events(facts::<Organization>(vec![provisioned()]));
}

#[test]
fn a_tenant_cannot_be_provisioned_again() {
    given::<Organization>(vec![provisioned()])
        .when(provision(InvoicingDefaults::default()))
        .then_expect_error(OrganizationRefusal::TenantExists);
    assert_eq!(OrganizationRefusal::TenantExists.code(), "tenant_exists");
}

#[test]
fn a_tenant_begins_with_days_of_utc() {
    let organization = Organization::fold(&[provisioned()]);
    assert_eq!(organization.defaults().time_zone.as_str(), "Etc/UTC");
}

#[test]
fn a_first_description_says_everything_that_is_known() {
    given::<Organization>(vec![provisioned()])
        .when(describe(profile()))
        .then_expect_events(facts::<Organization>(vec![
            OrganizationEvent::LegalNameChanged {
                legal_name: of("Acme GmbH"),
            },
            OrganizationEvent::ContactChanged {
                email: of("billing@acme.example.com"),
                phone: Some(of("+49 30 123456")),
            },
            OrganizationEvent::TaxRegistrationChanged {
                vat_id: Some(of("DE123456789")),
                registration_id: None,
            },
            OrganizationEvent::AddressChanged { address: address() },
            OrganizationEvent::BankDetailsChanged {
                iban: Some(of("DE44500105175407324931")),
                bic: None,
            },
            OrganizationEvent::LocaleChanged { locale: Locale::De },
            OrganizationEvent::TimeZoneChanged {
                time_zone: of("Europe/Berlin"),
            },
        ]));
}

#[test]
fn the_same_description_again_changes_nothing() {
    given::<Organization>(described(profile()))
        .when(describe(profile()))
        .then_expect_events(vec![]);
}

#[test]
fn a_description_replaces_what_it_leaves_out() {
    let logo = LogoSnapshot {
        media_id: MediaId(Uuid::from_u128(1)),
        sha256: Sha256Hex::of(b"x"),
    };
    let with_logo = OrganizationProfile {
        logo: Some(logo),
        ..profile()
    };
    let without = OrganizationProfile {
        phone: None,
        iban: None,
        defaults: InvoicingDefaults {
            net_days: 14,
            ..profile().defaults
        },
        ..profile()
    };
    given::<Organization>(described(with_logo))
        .when(describe(without))
        .then_expect_events(facts::<Organization>(vec![
            OrganizationEvent::ContactChanged {
                email: of("billing@acme.example.com"),
                phone: None,
            },
            OrganizationEvent::BankDetailsChanged {
                iban: None,
                bic: None,
            },
            OrganizationEvent::LogoChanged { logo: None },
            OrganizationEvent::PaymentTermsChanged {
                currency: of("EUR"),
                net_days: 14,
            },
        ]));
}

#[test]
fn a_tenant_that_is_not_there_is_not_found() {
    given::<Organization>(vec![])
        .when(describe(profile()))
        .then_expect_error(OrganizationRefusal::NotFound);
    assert_eq!(OrganizationRefusal::NotFound.code(), "not_found");
}

#[test]
fn a_due_date_too_far_away_is_refused() {
    let defaults = InvoicingDefaults {
        net_days: NET_DAYS_MAX + 1,
        ..InvoicingDefaults::default()
    };
    given::<Organization>(vec![])
        .when(provision(defaults.clone()))
        .then_expect_error(OrganizationRefusal::NetDaysOutOfRange);
    given::<Organization>(vec![provisioned()])
        .when(describe(OrganizationProfile {
            defaults,
            ..profile()
        }))
        .then_expect_error(OrganizationRefusal::NetDaysOutOfRange);
    assert_eq!(
        OrganizationRefusal::NetDaysOutOfRange.field(),
        Some("/default_net_days")
    );
    assert_eq!(
        OrganizationRefusal::NetDaysOutOfRange.code(),
        "invalid_value"
    );
}

#[test]
fn a_seller_that_has_not_described_itself_is_incomplete() {
    let missing = vec!["legal_name", "address", "email", "vat_id"];
    assert_eq!(Organization::default().seller(), Err(missing.clone()));
    assert_eq!(Organization::fold(&[provisioned()]).seller(), Err(missing));
}

#[test]
fn a_seller_needs_a_vat_id_or_a_registration() {
    let without = OrganizationProfile {
        vat_id: None,
        ..profile()
    };
    let organization = Organization::fold(&described(without.clone()));
    assert_eq!(organization.seller(), Err(vec!["vat_id"]));
    let registered = OrganizationProfile {
        registration_id: Some(of("HRB 12345 B")),
        ..without
    };
    assert!(Organization::fold(&described(registered)).seller().is_ok());
}

#[test]
fn a_complete_seller_is_frozen_as_it_is() {
    let seller = Organization::fold(&described(profile())).seller().unwrap();
    assert_eq!(seller.legal_name, of("Acme GmbH"));
    assert_eq!(seller.address, address());
    assert_eq!(seller.email, of("billing@acme.example.com"));
    assert_eq!(seller.iban, profile().iban);
}
