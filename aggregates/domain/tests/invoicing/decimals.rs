//! Decimal texts, currencies, and the one rounding.

use invoiceapp_domain::money::{
    Currency, Money, Quantity, Rate, UnitPrice, apportion, price_times_quantity, round_half_away,
};
use proptest::prelude::*;
use rstest::rstest;

use crate::support::{eur, money, of};

#[rstest]
#[case("1")]
#[case("0")]
#[case("0.5")]
#[case("1234.50")]
#[case("90000000000000.00")]
fn a_plain_decimal_is_an_amount(#[case] text: &str) {
    assert!(Money::parse(text, Currency::EUR).is_ok());
}

#[rstest]
#[case("")]
#[case(" 1")]
#[case("1 ")]
#[case("+1")]
#[case("-1")]
#[case("1e3")]
#[case("1E400")]
#[case("1_000")]
#[case("1,000")]
#[case(".5")]
#[case("5.")]
#[case(".")]
#[case("-")]
#[case("007")]
#[case("00.5")]
#[case("1.2.3")]
#[case("0x10")]
#[case("NaN")]
#[case("inf")]
#[case("١٢")]
#[case("1.001")]
#[case("1.000")]
#[case("90000000000000.01")]
#[case("99999999999999999999999999999999999999")]
#[case("999999999999999999999999999999999999999999999999999999")]
fn anything_else_is_no_amount(#[case] text: &str) {
    assert!(
        Money::parse(text, Currency::EUR).is_err(),
        "{text:?} was accepted"
    );
}

#[test]
fn an_amount_is_negative_only_where_that_has_a_meaning() {
    assert_eq!(eur("-0.05").minor(), -5);
    assert!(Money::parse("-0.05", Currency::EUR).is_err());
}

#[rstest]
#[case("JPY", 0)]
#[case("KRW", 0)]
#[case("EUR", 2)]
#[case("KWD", 3)]
#[case("CLF", 4)]
fn a_currency_has_its_own_number_of_decimals(#[case] code: &str, #[case] exponent: u32) {
    assert_eq!(of::<Currency>(code).exponent(), exponent);
}

#[rstest]
#[case("eur")]
#[case("EURO")]
#[case("XAU")]
#[case("XXX")]
#[case("")]
fn a_currency_is_a_code_of_iso_4217_with_a_minor_unit(#[case] code: &str) {
    assert!(code.parse::<Currency>().is_err());
}

#[test]
fn an_amount_is_written_with_all_the_decimals_of_its_currency() {
    assert_eq!(eur("1234.5").to_decimal_string(), "1234.50");
    assert_eq!(eur("-0.05").to_decimal_string(), "-0.05");
    assert_eq!(money("1300000 KRW").to_decimal_string(), "1300000");
    assert_eq!(money("0.001 KWD").to_decimal_string(), "0.001");
    assert_eq!(money("12.3 CLF").to_decimal_string(), "12.3000");
}

#[test]
fn an_amount_is_stored_as_an_integer_and_a_code() {
    let json = serde_json::to_string(&eur("12.50")).unwrap();
    assert_eq!(json, r#"{"minor":1250,"currency":"EUR"}"#);
    assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), eur("12.50"));
    let beyond = r#"{"minor":9000000000000001,"currency":"EUR"}"#;
    assert!(serde_json::from_str::<Money>(beyond).is_err());
}

#[test]
fn ten_to_the_fifteen_minor_units_are_an_amount() {
    assert_eq!(money("1000000000000000 KRW").minor(), 1_000_000_000_000_000);
}

#[test]
fn amounts_of_two_currencies_do_not_mix() {
    assert!(eur("1").checked_add(money("1 USD")).is_err());
    assert!(eur("1").checked_cmp(money("1 USD")).is_err());
}

#[rstest]
#[case("1.0000001")]
#[case("0")]
#[case("0.000000")]
#[case("-0")]
#[case("1000000000.000001")]
fn a_quantity_is_bounded_and_never_zero(#[case] text: &str) {
    assert!(Quantity::parse(text).is_err());
}

#[rstest]
#[case("0.00000000001")]
#[case("-0.01")]
#[case("1000000000000000.0000000001")]
fn a_unit_price_is_bounded_and_never_negative(#[case] text: &str) {
    assert!(UnitPrice::parse(text).is_err());
}

#[rstest]
#[case("100.0001")]
#[case("9.97501")]
#[case("-1")]
fn a_rate_is_from_0_to_100_percent(#[case] text: &str) {
    assert!(Rate::parse(text).is_err());
}

#[test]
fn numbers_are_written_without_trailing_zeros() {
    assert_eq!(of::<Quantity>("100.000").to_string(), "100");
    assert_eq!(of::<Quantity>("-2.250").to_string(), "-2.25");
    assert_eq!(of::<UnitPrice>("0.1212").to_string(), "0.1212");
    assert_eq!(of::<UnitPrice>("10.5").to_decimal_string(2), "10.50");
    assert_eq!(of::<Rate>("9.975").to_string(), "9.975");
    assert_eq!(of::<Rate>("25.0").to_string(), "25");
    assert_eq!(of::<Rate>("9.975").ppm(), 99_750);
}

#[rstest]
#[case(5, 10, 1)]
#[case(-5, 10, -1)]
#[case(4, 10, 0)]
#[case(-4, 10, 0)]
#[case(15, 10, 2)]
#[case(-15, 10, -2)]
#[case(1, 3, 0)]
#[case(2, 3, 1)]
#[case(0, 7, 0)]
fn a_half_is_rounded_away_from_zero(
    #[case] numerator: i128,
    #[case] divisor: i128,
    #[case] rounded: i128,
) {
    assert_eq!(round_half_away(numerator, divisor), Some(rounded));
}

#[test]
fn nothing_is_divided_by_zero() {
    assert_eq!(round_half_away(1, 0), None);
    assert_eq!(apportion(&[1, 2], 0, 3), None);
}

#[test]
fn a_price_times_a_quantity_is_rounded_once() {
    // 0.005 × 3 / 3: rounding the price per piece first would give 0.00 or 0.03.
    let amount = |price, quantity, base| {
        price_times_quantity(of(price), of(quantity), of(base), Currency::EUR).unwrap()
    };
    assert_eq!(amount("0.005", "3", "3"), eur("0.01"));
    assert_eq!(amount("1", "1", "3"), eur("0.33"));
    assert_eq!(amount("1", "-1", "200"), eur("-0.01"));
}

#[test]
fn the_largest_price_and_quantity_overflow_nothing() {
    let (price, quantity) = (of("1000000000000000"), of("1000000000"));
    for base in ["0.000001", "1", "1000000000"] {
        for code in ["JPY", "EUR", "KWD", "CLF"] {
            assert!(price_times_quantity(price, quantity, of(base), of(code)).is_err());
        }
    }
    let amount = price_times_quantity(price, of("9"), of("1"), of("JPY"));
    assert_eq!(amount, Ok(money("9000000000000000 JPY")));
    let amount = price_times_quantity(of("1000000000000"), quantity, quantity, Currency::EUR);
    assert_eq!(amount, Ok(eur("1000000000000")));
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in ".{0,60}") {
        let _ = Money::parse(&text, Currency::EUR);
        let _ = Money::parse_signed(&text, of("JPY"));
        let _ = (Quantity::parse(&text), UnitPrice::parse(&text), Rate::parse(&text));
    }

    #[test]
    fn what_is_written_is_read_back(minor in -9_000_000_000_000_000_i64..=9_000_000_000_000_000) {
        for code in ["JPY", "EUR", "KWD", "CLF"] {
            let amount = Money::from_minor(minor, of(code)).unwrap();
            let text = amount.to_decimal_string();
            prop_assert_eq!(Money::parse_signed(&text, of(code)).unwrap(), amount);
        }
    }

    #[test]
    fn every_decimal_keeps_its_value(text in "-?(0|[1-9][0-9]{0,8})(\\.[0-9]{1,6})?") {
        if let Ok(quantity) = Quantity::parse(&text) {
            prop_assert_eq!(Quantity::parse(&quantity.to_string()).unwrap(), quantity);
            let exact: rust_decimal::Decimal = text.parse().unwrap();
            prop_assert_eq!(exact.normalize().to_string(), quantity.to_string());
        }
    }

    #[test]
    fn rounding_is_the_nearest_integer_and_symmetric(
        numerator in -1_000_000_000_000_i128..1_000_000_000_000,
        divisor in 1_i128..1_000_000,
    ) {
        let rounded = round_half_away(numerator, divisor).unwrap();
        let distance = (rounded * divisor - numerator).abs() * 2;
        prop_assert!(distance <= divisor);
        if distance == divisor {
            prop_assert!(rounded.abs() * divisor > numerator.abs());
        }
        prop_assert_eq!(round_half_away(-numerator, divisor), Some(-rounded));
    }
}
