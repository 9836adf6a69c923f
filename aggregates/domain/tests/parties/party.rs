//! The rules of what describes a party.

use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::party::{Bic, Buyer, CountryCode, EmailAddress, Iban, Phone, VatId};
use invoiceapp_domain::unit_code::UnitCode;
use rstest::rstest;
use serde_json::json;

use crate::support::{of, refused};

#[test]
fn a_country_is_two_capital_letters_of_iso_3166() {
    assert_eq!(of::<CountryCode>("DE").as_str(), "DE");
    assert_eq!(of::<CountryCode>("VN").english_name(), "Vietnam");
    for text in ["", "de", "D", "DEU", "XX", "ZZ", "D\u{0}", "ДЕ"] {
        assert!(refused::<CountryCode>(text), "{text}");
    }
}

#[test]
fn there_are_249_countries_and_kosovo_and_each_keeps_its_letters() {
    let letters = || 'A'..='Z';
    let pairs = letters().flat_map(|one| letters().map(move |other| format!("{one}{other}")));
    let known: Vec<_> = pairs.filter(|pair| !refused::<CountryCode>(pair)).collect();
    assert_eq!(known.len(), 250);
    assert!(known.contains(&"XK".to_owned()));
    for pair in known {
        assert_eq!(of::<CountryCode>(&pair).as_str(), pair);
    }
}

#[rstest]
#[case("ada@example.com")]
#[case("ada.lovelace+invoices@mail.example.co.uk")]
#[case("jörg@bücher.example")]
fn an_address_that_people_use_is_accepted(#[case] text: &str) {
    assert_eq!(of::<EmailAddress>(text).as_str(), text);
}

#[rstest]
#[case::empty("")]
#[case::no_domain("ada")]
#[case::one_label("ada@localhost")]
#[case::display_name("Ada <ada@example.com>")]
#[case::quoted("\"ada b\"@example.com")]
#[case::literal("ada@[127.0.0.1]")]
#[case::header("ada@example.com\r\nBcc: eve@example.com")]
#[case::line_feed("ada\n@example.com")]
#[case::null("ada\0@example.com")]
#[case::two("ada@example.com,eve@example.com")]
#[case::blank("ada @example.com")]
#[case::zero_width("ada\u{200b}@example.com")]
#[case::dots("ada..b@example.com")]
fn an_address_that_could_smuggle_something_is_refused(#[case] text: &str) {
    assert!(refused::<EmailAddress>(text));
}

#[test]
fn an_address_has_at_most_254_bytes() {
    let long = format!("ada@{}.com", ["a".repeat(60).as_str(); 5].join("."));
    assert!(refused::<EmailAddress>(&long));
}

#[test]
fn addresses_that_differ_in_case_claim_one_key() {
    let (one, other) = (
        of::<EmailAddress>("Ada@Example.com"),
        of::<EmailAddress>("ada@example.COM"),
    );
    assert_eq!(one.claim_key(), other.claim_key());
    assert_eq!(one.as_str(), "Ada@Example.com");
}

#[rstest]
#[case("DE123456789", "DE123456789")]
#[case("de 123 456 789", "DE123456789")]
#[case("ATU12345678", "ATU12345678")]
#[case("EL123456789", "EL123456789")]
#[case("XI123456789", "XI123456789")]
#[case("CHE-123.456.789 MWST", "CHE123456789MWST")]
#[case("IE1234567FA", "IE1234567FA")]
fn a_vat_id_begins_with_its_country(#[case] text: &str, #[case] stored: &str) {
    let vat_id = of::<VatId>(text);
    assert_eq!(vat_id.as_str(), stored);
    assert_eq!(vat_id.prefix(), &stored[..2]);
}

#[rstest]
#[case("")]
#[case("123456789")]
#[case("XX123456789")]
#[case("DE")]
#[case("DEABC")]
#[case("DE12345678901234567890")]
#[case("DE123_456")]
#[case("Ü1234")]
fn a_vat_id_of_no_country_or_form_is_refused(#[case] text: &str) {
    assert!(refused::<VatId>(text));
}

#[test]
fn an_iban_is_stored_without_spaces_and_shown_in_groups() {
    let iban = of::<Iban>("DE44 5001 0517 5407 3249 31");
    assert_eq!(iban.as_str(), "DE44500105175407324931");
    assert_eq!(iban.formatted(), "DE44 5001 0517 5407 3249 31");
    assert_eq!(of::<Iban>("de44500105175407324931"), iban);
}

#[rstest]
#[case("")]
#[case("DE45500105175407324931")]
#[case("DE44 5001 0517 5407 3249")]
#[case("DE44500105175407324931\n\u{0}")]
#[case("not an account")]
fn an_iban_with_wrong_check_digits_or_form_is_refused(#[case] text: &str) {
    assert!(refused::<Iban>(text));
}

#[test]
fn a_bic_has_eight_or_eleven_characters_and_a_country() {
    assert_eq!(of::<Bic>("deutdeff").as_str(), "DEUTDEFF");
    assert_eq!(of::<Bic>("DEUTDEFF500").as_str(), "DEUTDEFF500");
    for text in [
        "",
        "DEUTDEF",
        "DEUTDEFF5",
        "DEUTXXFF",
        "DEUT-EFF",
        "DÉUTDEF",
    ] {
        assert!(refused::<Bic>(text), "{text}");
    }
}

#[test]
fn a_telephone_number_has_digits_and_the_signs_between_them() {
    assert_eq!(
        of::<Phone>("+49 (30) 123-456/7").as_str(),
        "+49 (30) 123-456/7"
    );
    for text in ["", "+", "12", "call me", "+49;30123", &"1".repeat(41)] {
        assert!(refused::<Phone>(text), "{text}");
    }
}

#[test]
fn a_unit_is_two_or_three_capital_letters_and_digits() {
    for text in ["C62", "EA", "HUR", "XPP", "5B"] {
        assert_eq!(of::<UnitCode>(text).as_str(), text);
    }
    for text in ["", "c62", "C", "C62X", "h r", "ÄÄ"] {
        assert!(refused::<UnitCode>(text), "{text}");
    }
    assert_eq!(UnitCode::default().as_str(), "C62");
}

#[test]
fn a_digest_is_64_lower_case_hexadecimal_digits() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Sha256Hex::of(b"").as_str(), empty);
    assert!(refused::<Sha256Hex>(&empty.to_uppercase()));
    assert!(refused::<Sha256Hex>("abc"));
}

#[test]
fn a_buyer_is_written_with_plain_names_and_without_what_is_missing() {
    let document = json!({
        "name": "Acme GmbH",
        "address": {"line1": "Hauptstr. 1", "city": "Berlin", "postal_code": "10115", "country": "DE"},
    });
    let buyer: Buyer = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(serde_json::to_value(&buyer).unwrap(), document);
}
