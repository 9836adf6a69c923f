//! The rules of languages and time zones.

use invoiceapp_domain::locale::{Locale, TimeZoneName, today};
use jiff::Timestamp;
use jiff::civil::date;

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
