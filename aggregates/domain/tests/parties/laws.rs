//! Laws that hold for every input: nothing panics, nothing unseen passes, and a stream that is read
//! back gives the state that was decided on.

use std::str::FromStr;

use invoiceapp_domain::locale::{Locale, TimeZoneName};
use invoiceapp_domain::media::{Media, MediaCommand};
use invoiceapp_domain::money::Currency;
use invoiceapp_domain::numbering::{NumberPrefix, NumberSeries, SeriesReset, Template};
use invoiceapp_domain::organization::{InvoicingDefaults, Organization, OrganizationProfile};
use invoiceapp_domain::party::{
    Address, Bic, CountryCode, EmailAddress, Iban, LogoSnapshot, Phone, VatId,
};
use invoiceapp_domain::patch::Patch;
use invoiceapp_domain::permission::Permission;
use invoiceapp_domain::product::{NewPrice, NewProduct, Product, ProductChange, ProductCommand};
use invoiceapp_domain::role::{Role, RoleChange, RoleCommand, RoleDefinition};
use invoiceapp_domain::tax::{PriceMode, Vat, VatCategory};
use invoiceapp_domain::text::{Name, Note, Reference, RoleCode, SeriesCode, Sku};
use invoiceapp_domain::unit_code::UnitCode;
use invoiceapp_domain::user::{ProfileChange, Registration, User, UserCommand};
use invoiceapp_domain::{Decider, decider::EventPayload};
use jiff::civil::Date;
use proptest::prelude::*;

use crate::media::{picture, thumbnail};
use crate::numbering::{define_series, monthly};
use crate::organization::{describe, profile, provision};
use crate::support::{context, of};

/// Texts from every corner: plain ones, any characters, and unseen characters among plain ones.
fn hostile() -> impl Strategy<Value = String> {
    let unseen = prop::sample::select(vec![
        '\0',
        '\u{1b}',
        '\r',
        '\n',
        '\t',
        '\u{85}',
        '\u{9b}',
        '\u{ad}',
        '\u{61c}',
        '\u{200b}',
        '\u{200d}',
        '\u{200f}',
        '\u{202e}',
        '\u{2028}',
        '\u{2066}',
        '\u{feff}',
        '\u{fffe}',
        '\u{e0041}',
        '\u{301}',
        '\u{1d160}',
        '{',
        '}',
        '@',
        '"',
    ]);
    let mixed = prop::collection::vec(prop_oneof![unseen, any::<char>(), any::<char>()], 0..80);
    prop_oneof![
        ".{0,300}",
        "[ -~]{0,80}",
        "[A-Za-z]{2}[0-9]{2}[ A-Z0-9]{0,40}",
        r"[a-z.+-]{0,70}@[a-z.-]{0,70}(\.[a-z]{0,5})?",
        r"\{?(PREFIX|YYYY|YY|MM|SEQ:[0-9]{0,3})\}?[A-Z-]{0,3}\{SEQ:[0-9]\}",
        mixed.prop_map(|characters| characters.into_iter().collect::<String>()),
    ]
}

fn shows_everything(text: &str, line_feed: bool) -> bool {
    text.chars().all(|character| {
        let hidden = matches!(
            character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
                | '\u{61c}' | '\u{feff}' | '\u{ad}'
        );
        (line_feed && character == '\n') || (!character.is_control() && !hidden)
    })
}

/// What a type accepts is shown in full, and is accepted again unchanged.
fn accepts_only_what_it_keeps<T>(text: &str, line_feed: bool) -> Result<(), TestCaseError>
where
    T: FromStr<Err: std::fmt::Debug> + ToString + PartialEq + std::fmt::Debug,
{
    if let Ok(value) = text.parse::<T>() {
        let stored = value.to_string();
        prop_assert!(shows_everything(&stored, line_feed), "{:?}", stored);
        prop_assert_eq!(stored.parse::<T>().unwrap(), value);
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_text_panics_and_nothing_unseen_passes(text in hostile()) {
        accepts_only_what_it_keeps::<Name>(&text, false)?;
        accepts_only_what_it_keeps::<Note>(&text, true)?;
        accepts_only_what_it_keeps::<Reference>(&text, false)?;
        accepts_only_what_it_keeps::<Sku>(&text, false)?;
        accepts_only_what_it_keeps::<RoleCode>(&text, false)?;
        accepts_only_what_it_keeps::<SeriesCode>(&text, false)?;
        accepts_only_what_it_keeps::<CountryCode>(&text, false)?;
        accepts_only_what_it_keeps::<EmailAddress>(&text, false)?;
        accepts_only_what_it_keeps::<VatId>(&text, false)?;
        accepts_only_what_it_keeps::<Iban>(&text, false)?;
        accepts_only_what_it_keeps::<Bic>(&text, false)?;
        accepts_only_what_it_keeps::<Phone>(&text, false)?;
        accepts_only_what_it_keeps::<UnitCode>(&text, false)?;
        accepts_only_what_it_keeps::<Locale>(&text, false)?;
        accepts_only_what_it_keeps::<TimeZoneName>(&text, false)?;
        accepts_only_what_it_keeps::<Template>(&text, false)?;
        accepts_only_what_it_keeps::<NumberPrefix>(&text, false)?;
    }

    #[test]
    fn a_claim_key_does_not_depend_on_the_spelling(text in "[A-Za-z0-9ÄÖÜéßσς -]{1,30}") {
        if let Ok(sku) = text.parse::<Sku>() {
            for spelling in [text.to_uppercase(), text.to_lowercase()] {
                prop_assert_eq!(of::<Sku>(&spelling).claim_key(), sku.claim_key());
            }
        }
    }

    #[test]
    fn a_template_gives_every_sequence_and_month_its_own_number(
        (year, prefix) in (2000_i16..2100, "[A-Z/-]{0,5}"),
        (width, month, other_month) in (1_usize..=12, 1_i8..=12, 1_i8..=12),
        (sequence, other_sequence) in (0_u64..2_000, any::<u64>()),
        form in prop::sample::select(vec![
            "{PREFIX}{YYYY}{MM}{SEQ:W}", "{YY}-{SEQ:W}-{MM}", "{SEQ:W}/{MM}{YY}{PREFIX}",
        ]),
    ) {
        let template: Template = of(&form.replace('W', &width.to_string()));
        prop_assert!(template.tells_periods_apart(SeriesReset::Month));
        let day = |month| Date::new(year, month, 1).unwrap();
        let number = template.format(&prefix, day(month), sequence);
        let other = template.format(&prefix, day(other_month), other_sequence);
        prop_assert_eq!(number == other, (month, sequence) == (other_month, other_sequence));
        prop_assert!(number.len() <= template.longest(&prefix));
        prop_assert!(other.len() <= template.longest(&prefix));
    }

    #[test]
    fn a_product_read_back_is_the_product_decided_on(
        commands in prop::collection::vec(product_command(), 0..30),
    ) {
        replays::<Product>(&commands)?;
    }

    #[test]
    fn a_user_read_back_is_the_user_decided_on(
        commands in prop::collection::vec(user_command(), 0..30),
    ) {
        replays::<User>(&commands)?;
    }

    #[test]
    fn a_role_read_back_is_the_role_decided_on(
        commands in prop::collection::vec(role_command(), 0..30),
    ) {
        replays::<Role>(&commands)?;
    }

    #[test]
    fn a_role_has_exactly_the_permissions_that_were_set(
        first in permissions(), second in permissions(),
    ) {
        let mut role = Role::default();
        let change = RoleChange { permissions: Some(second.clone()), ..RoleChange::default() };
        for command in [define(first), RoleCommand::Change(change)] {
            for event in role.decide(&command, &context()).unwrap().events {
                role.evolve(&event);
            }
        }
        prop_assert_eq!(&role.record().unwrap().permissions, &second);
    }
}

#[test]
fn an_organization_an_upload_and_a_series_read_back_are_what_was_decided_on() {
    let logo = LogoSnapshot {
        media_id: picture().media_id,
        sha256: picture().sha256,
    };
    let described = profile();
    let changed = OrganizationProfile {
        legal_name: of("Other GmbH"),
        email: of("other@example.com"),
        vat_id: None,
        address: Address {
            line2: Some(of("2nd floor")),
            ..described.address.clone()
        },
        iban: None,
        logo: Some(logo),
        defaults: InvoicingDefaults {
            net_days: 7,
            ..InvoicingDefaults::default()
        },
        ..described.clone()
    };
    let provision = provision(InvoicingDefaults::default());
    replays::<Organization>(&[provision, describe(described), describe(changed)]).unwrap();
    let attach = MediaCommand::AttachThumbnail(thumbnail());
    replays::<Media>(&[MediaCommand::Upload(picture()), attach]).unwrap();
    replays::<NumberSeries>(&[define_series(monthly())]).unwrap();
}

/// Runs the commands, keeps what each accepted one wrote, and reads it back: the fold of the
/// written events, and the written state, are the state that the decisions were made on. A refused
/// command writes nothing, and one that was accepted has the events' own names.
fn replays<D: Decider>(commands: &[D::Command]) -> Result<(), TestCaseError> {
    let mut state = D::default();
    let mut written = Vec::new();
    for command in commands {
        let Ok(decision) = state.decide(command, &context()) else {
            continue;
        };
        for event in decision.events {
            state.evolve(&event);
            let payload = serde_json::to_value(&event).unwrap();
            let names: Vec<_> = payload.as_object().unwrap().keys().collect();
            prop_assert_eq!(names, vec![event.event_type()]);
            written.push(payload);
        }
    }
    let read: Vec<D::Event> = written
        .into_iter()
        .map(|payload| serde_json::from_value(payload).unwrap())
        .collect();
    prop_assert_eq!(&D::fold(&read), &state);
    let document = serde_json::to_string(&state).unwrap();
    prop_assert_eq!(serde_json::from_str::<D>(&document).unwrap(), state);
    Ok(())
}

fn name() -> impl Strategy<Value = Name> {
    prop::sample::select(vec!["Ada", "Widget", "Größe", "請求書"]).prop_map(of)
}

fn note() -> impl Strategy<Value = Patch<Note>> {
    prop_oneof![
        Just(Patch::Keep),
        Just(Patch::Clear),
        prop::sample::select(vec!["one", "two\nlines"]).prop_map(|text| Patch::Set(of(text))),
    ]
}

fn vat() -> impl Strategy<Value = Vat> {
    prop_oneof![
        prop::sample::select(vec!["7", "19", "9.975"]).prop_map(|rate| Vat::new(
            VatCategory::Standard,
            of(rate)
        )
        .unwrap()),
        Just(VatCategory::Exempt).prop_map(|category| Vat::new(category, of("0")).unwrap()),
    ]
}

fn price() -> impl Strategy<Value = NewPrice> {
    let price_mode = prop::sample::select(vec![PriceMode::Net, PriceMode::Gross]);
    let currency = prop::sample::select(vec!["EUR", "JPY", "KWD"]).prop_map(of::<Currency>);
    let unit_price = prop::sample::select(vec!["0", "9.99", "0.0000000001"]).prop_map(of);
    let valid_from = prop::option::of((1_i8..=12).prop_map(|m| Date::new(2026, m, 1).unwrap()));
    (currency, unit_price, price_mode, valid_from).prop_map(
        |(currency, unit_price, price_mode, valid_from)| NewPrice {
            currency,
            unit_price,
            price_mode,
            valid_from,
        },
    )
}

fn product_command() -> impl Strategy<Value = ProductCommand> {
    let create =
        (name(), vat(), prop::collection::vec(price(), 0..3)).prop_map(|(name, vat, prices)| {
            ProductCommand::Create(Box::new(NewProduct {
                sku: of("AB-1"),
                name,
                description: None,
                unit_code: of("HUR"),
                vat,
                prices,
            }))
        });
    let change = (prop::option::of(name()), note(), prop::option::of(vat())).prop_map(
        |(name, description, vat)| {
            ProductCommand::Change(ProductChange {
                name,
                description,
                unit_code: None,
                vat,
            })
        },
    );
    prop_oneof![
        create,
        change,
        price().prop_map(ProductCommand::SetPrice),
        Just(ProductCommand::Archive),
        Just(ProductCommand::Restore),
    ]
}

fn role_code() -> impl Strategy<Value = RoleCode> {
    prop::sample::select(vec!["administrator", "accountant", "approver"]).prop_map(of)
}

fn user_command() -> impl Strategy<Value = UserCommand> {
    let email = prop::sample::select(vec!["a@example.com", "A@example.com", "b@example.com"])
        .prop_map(of::<EmailAddress>);
    let register = (
        email.clone(),
        name(),
        prop::collection::btree_set(role_code(), 0..3),
    )
        .prop_map(|(email, first_name, roles)| {
            let last_name = first_name.clone();
            UserCommand::Register(Registration {
                email,
                first_name,
                last_name,
                roles,
            })
        });
    let change = (prop::option::of(email), prop::option::of(name())).prop_map(|(email, name)| {
        UserCommand::ChangeProfile(ProfileChange {
            email,
            first_name: name,
            last_name: None,
        })
    });
    prop_oneof![
        register,
        change,
        role_code().prop_map(|role| UserCommand::AssignRole { role }),
        (role_code(), any::<bool>()).prop_map(|(role, other_administrator)| {
            UserCommand::RevokeRole {
                role,
                other_administrator,
            }
        }),
        any::<bool>().prop_map(|other_administrator| UserCommand::Disable {
            other_administrator
        }),
        Just(UserCommand::Enable),
    ]
}

fn permissions() -> impl Strategy<Value = std::collections::BTreeSet<Permission>> {
    prop::collection::btree_set(prop::sample::select(Permission::ALL), 0..10)
}

fn define(permissions: std::collections::BTreeSet<Permission>) -> RoleCommand {
    RoleCommand::Define(RoleDefinition {
        code: of("auditor"),
        name: of("Auditor"),
        description: None,
        permissions,
        system: false,
    })
}

fn role_command() -> impl Strategy<Value = RoleCommand> {
    let change = (
        prop::option::of(name()),
        note(),
        prop::option::of(permissions()),
    )
        .prop_map(|(name, description, permissions)| {
            RoleCommand::Change(RoleChange {
                name,
                description,
                permissions,
            })
        });
    prop_oneof![
        4 => permissions().prop_map(define),
        8 => change,
        1 => Just(RoleCommand::Remove),
    ]
}
