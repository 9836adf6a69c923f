//! Numbers, percentages and amounts of money. They come as exact decimal texts and never become
//! floats.

use super::currencies::symbol;
use crate::locale::Locale;
use crate::money::{Currency, Money, Quantity, Rate, UnitPrice};

/// How a language writes numbers.
struct NumberFormat {
    decimal: char,
    group: char,
    /// Digits before the first group separator at the least: with 2, 1234 stays together.
    grouping_digits_min: usize,
    percent_space: &'static str,
    currency_first: bool,
}

/// Digits in a group.
const GROUP_DIGITS: usize = 3;
/// Keeps an amount and its currency, or a group of digits, on one line.
const NO_BREAK_SPACE: char = '\u{a0}';
/// The same, narrow: what French puts between groups of digits.
const NARROW_NO_BREAK_SPACE: char = '\u{202f}';

const fn format_of(locale: Locale) -> NumberFormat {
    let format = NumberFormat {
        decimal: ',',
        group: '.',
        grouping_digits_min: 1,
        percent_space: "\u{a0}",
        currency_first: false,
    };
    match locale {
        Locale::En => NumberFormat {
            decimal: '.',
            group: ',',
            percent_space: "",
            currency_first: true,
            ..format
        },
        Locale::De => format,
        Locale::Fr => NumberFormat {
            group: NARROW_NO_BREAK_SPACE,
            percent_space: "\u{202f}",
            ..format
        },
        Locale::Es => NumberFormat {
            grouping_digits_min: 2,
            ..format
        },
        Locale::Pl => NumberFormat {
            group: NO_BREAK_SPACE,
            grouping_digits_min: 2,
            percent_space: "",
            ..format
        },
        Locale::Vi => NumberFormat {
            percent_space: "",
            ..format
        },
    }
}

/// A plain decimal text such as `-1234.50`, as the language writes it.
fn decimal(plain: &str, locale: Locale) -> String {
    let format = format_of(locale);
    let (sign, unsigned) = split_sign(plain);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut written = sign.to_owned();
    let grouped = whole.len() >= GROUP_DIGITS.saturating_add(format.grouping_digits_min);
    for (index, digit) in whole.chars().enumerate() {
        let is_boundary = whole
            .len()
            .saturating_sub(index)
            .is_multiple_of(GROUP_DIGITS);
        if grouped && index > 0 && is_boundary {
            written.push(format.group);
        }
        written.push(digit);
    }
    if !fraction.is_empty() {
        written.push(format.decimal);
        written.push_str(fraction);
    }
    written
}

fn split_sign(number: &str) -> (&str, &str) {
    number
        .strip_prefix('-')
        .map_or(("", number), |unsigned| ("-", unsigned))
}

/// An amount without its currency, for columns.
#[must_use]
pub fn amount(amount: Money, locale: Locale) -> String {
    decimal(&amount.to_decimal_string(), locale)
}

/// An amount with its currency's symbol, or with its code where no symbol is clear.
#[must_use]
pub fn amount_with_symbol(amount: Money, locale: Locale) -> String {
    with_currency(amount, symbol(amount.currency().code(), locale), locale)
}

/// An amount with its ISO 4217 code, which unlike a symbol means one currency only.
#[must_use]
pub fn amount_with_code(amount: Money, locale: Locale) -> String {
    with_currency(amount, amount.currency().code(), locale)
}

fn with_currency(money: Money, currency: &str, locale: Locale) -> String {
    let number = amount(money, locale);
    if !format_of(locale).currency_first {
        return format!("{number}{NO_BREAK_SPACE}{currency}");
    }
    let (sign, unsigned) = split_sign(&number);
    // CLDR's rule: a code, which ends in a letter, is set apart from the digits.
    let space = if currency.ends_with(|last: char| last.is_ascii_alphabetic()) {
        "\u{a0}"
    } else {
        ""
    };
    format!("{sign}{currency}{space}{unsigned}")
}

/// A rate in percent.
#[must_use]
pub fn percent(rate: Rate, locale: Locale) -> String {
    format!(
        "{}{}%",
        decimal(&rate.to_string(), locale),
        format_of(locale).percent_space
    )
}

/// A quantity.
#[must_use]
pub fn quantity(quantity: Quantity, locale: Locale) -> String {
    decimal(&quantity.to_string(), locale)
}

/// A unit price, with at least the currency's decimals.
#[must_use]
pub fn unit_price(price: UnitPrice, currency: Currency, locale: Locale) -> String {
    decimal(&price.to_decimal_string(currency.exponent()), locale)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{amount_with_symbol, decimal, percent};
    use crate::locale::Locale;
    use crate::money::{Currency, Money, Rate};

    #[rstest]
    #[case(Locale::En, "-1,234,567.50", "1,234.5")]
    #[case(Locale::De, "-1.234.567,50", "1.234,5")]
    #[case(Locale::Fr, "-1\u{202f}234\u{202f}567,50", "1\u{202f}234,5")]
    #[case(Locale::Es, "-1.234.567,50", "1234,5")]
    #[case(Locale::Pl, "-1\u{a0}234\u{a0}567,50", "1234,5")]
    #[case(Locale::Vi, "-1.234.567,50", "1.234,5")]
    fn numbers_are_grouped_as_the_language_does(
        #[case] locale: Locale,
        #[case] long: &str,
        #[case] short: &str,
    ) {
        assert_eq!(decimal("-1234567.50", locale), long);
        assert_eq!(decimal("1234.5", locale), short);
        assert_eq!(decimal("0", locale), "0");
    }

    #[rstest]
    #[case("EUR", 123_450, Locale::En, "€1,234.50")]
    #[case("EUR", -123_450, Locale::En, "-€1,234.50")]
    #[case("EUR", 123_450, Locale::De, "1.234,50\u{a0}€")]
    #[case("CHF", 123_450, Locale::En, "CHF\u{a0}1,234.50")]
    #[case("JPY", 1_234, Locale::Fr, "1\u{202f}234\u{a0}JPY")]
    #[case("KWD", 1_234, Locale::De, "1,234\u{a0}KWD")]
    #[case("PLN", 1_234_567, Locale::Pl, "12\u{a0}345,67\u{a0}zł")]
    #[case("PLN", 1_234_567, Locale::De, "12.345,67\u{a0}PLN")]
    #[case("VND", 1_234_567, Locale::Vi, "1.234.567\u{a0}₫")]
    fn money_is_written_with_its_currency_and_its_decimals(
        #[case] code: &str,
        #[case] minor: i64,
        #[case] locale: Locale,
        #[case] written: &str,
    ) {
        let amount = Money::from_minor(minor, Currency::parse(code).unwrap()).unwrap();
        assert_eq!(amount_with_symbol(amount, locale), written);
    }

    #[test]
    fn a_rate_keeps_its_decimals() {
        assert_eq!(
            percent(Rate::parse("9.975").unwrap(), Locale::Fr),
            "9,975\u{202f}%"
        );
        assert_eq!(percent(Rate::parse("19").unwrap(), Locale::En), "19%");
    }
}
