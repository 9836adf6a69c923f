//! The rules of languages, their formats, and time zones.

use invoiceapp_domain::locale::{Locale, TimeZoneName, format, today};
use invoiceapp_domain::money::Money;
use jiff::Timestamp;
use jiff::civil::date;
use rstest::rstest;

use crate::support::{of, refused};

#[test]
fn a_locale_is_one_of_six_languages_whatever_its_case_or_region() {
    for locale in Locale::ALL {
        assert_eq!(of::<Locale>(locale.tag()), locale);
    }
    assert_eq!(of::<Locale>("de-AT"), Locale::De);
    assert_eq!(of::<Locale>("EN"), Locale::En);
    for text in ["", "xx", "deutsch", "en_US", "en-", "de-AT-1996-x"] {
        assert!(refused::<Locale>(text), "{text}");
    }
    assert_eq!(serde_json::to_string(&Locale::Vi).unwrap(), "\"vi\"");
}

#[test]
fn a_time_zone_is_one_of_the_iana_database() {
    assert_eq!(
        of::<TimeZoneName>("Europe/Berlin").as_str(),
        "Europe/Berlin"
    );
    assert_eq!(
        of::<TimeZoneName>("europe/berlin").as_str(),
        "Europe/Berlin"
    );
    assert_eq!(of::<TimeZoneName>("Etc/UTC"), TimeZoneName::default());
    for text in [
        "",
        "Mars/Olympus",
        "CET-1CEST",
        "Etc/Unknown",
        "localtime",
        "../../etc/passwd",
        "+01:00",
        "\0",
    ] {
        assert!(refused::<TimeZoneName>(text), "{text}");
    }
    assert!(refused::<TimeZoneName>(&"A/".repeat(100)));
}

#[test]
fn the_day_is_the_one_of_the_tenant_and_not_of_utc() {
    let now: Timestamp = "2026-12-31T23:30:00Z".parse().unwrap();
    assert_eq!(today(now, &TimeZoneName::utc()), date(2026, 12, 31));
    assert_eq!(today(now, &of("Europe/Berlin")), date(2027, 1, 1));
    assert_eq!(today(now, &of("America/New_York")), date(2026, 12, 31));
    assert_eq!(today(now, &of("Pacific/Kiritimati")), date(2027, 1, 1));
}

#[rstest]
#[case("0.00", "EUR", "EUR\u{a0}0.00", "0,00\u{a0}EUR", "0,00\u{a0}EUR")]
#[case(
    "-1234.50",
    "EUR",
    "-EUR\u{a0}1,234.50",
    "-1.234,50\u{a0}EUR",
    "-1234,50\u{a0}EUR"
)]
#[case("999", "JPY", "JPY\u{a0}999", "999\u{a0}JPY", "999\u{a0}JPY")]
#[case(
    "12345.678",
    "KWD",
    "KWD\u{a0}12,345.678",
    "12.345,678\u{a0}KWD",
    "12.345,678\u{a0}KWD"
)]
fn amounts_with_codes_are_written_as_the_language_does(
    #[case] amount: &str,
    #[case] currency: &str,
    #[case] english: &str,
    #[case] german: &str,
    #[case] spanish: &str,
) {
    let money = Money::parse_signed(amount, of(currency)).unwrap();
    assert_eq!(format::amount_with_code(money, Locale::En), english);
    assert_eq!(format::amount_with_code(money, Locale::De), german);
    assert_eq!(format::amount_with_code(money, Locale::Es), spanish);
}

#[test]
fn dates_in_words_are_written_as_the_language_does() {
    let first = date(2026, 8, 1);
    let written: Vec<String> = Locale::ALL
        .iter()
        .map(|locale| format::long_date(first, *locale))
        .collect();
    assert_eq!(
        written,
        [
            "1 August 2026",
            "1. August 2026",
            "1er août 2026",
            "1 de agosto de 2026",
            "1 sierpnia 2026",
            "1 tháng 8, 2026"
        ]
    );
}

#[test]
fn dates_in_tables_are_in_the_order_of_each_language() {
    let day = date(2026, 3, 9);
    assert_eq!(format::short_date(day, Locale::En), "9\u{a0}Mar\u{a0}2026");
    assert_eq!(format::short_date(day, Locale::De), "09.03.2026");
    assert_eq!(format::short_date(day, Locale::Vi), "09/03/2026");
}
