//! Numbers, percentages and amounts of money. They come as exact decimal texts and never become
//! floats.

use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::{Currency, Money, Quantity, Rate, UnitPrice};

use super::currencies::symbol;

/// How a language writes numbers.
struct NumberFormat {
    decimal: char,
    group: char,
    /// Digits before the first group separator at the least: with 2, 1234 stays together.
    grouping_digits_min: usize,
    percent_space: &'static str,
    currency_first: bool,
}

const NO_BREAK_SPACE: char = '\u{a0}';
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
pub(crate) fn decimal(plain: &str, locale: Locale) -> String {
    let format = format_of(locale);
    let (sign, unsigned) = plain
        .strip_prefix('-')
        .map_or(("", plain), |rest| ("-", rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut written = String::with_capacity(plain.len() + whole.len() / 2);
    written.push_str(sign);
    let grouped = whole.len() >= 3 + format.grouping_digits_min;
    for (index, digit) in whole.chars().enumerate() {
        if grouped && index > 0 && (whole.len() - index) % 3 == 0 {
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

/// An amount without its currency, for columns.
pub(crate) fn plain_money(amount: Money, locale: Locale) -> String {
    decimal(&amount.to_decimal_string(), locale)
}

/// An amount with its currency.
pub(crate) fn money(amount: Money, locale: Locale) -> String {
    let number = plain_money(amount, locale);
    let symbol = symbol(amount.currency().code(), locale);
    if !format_of(locale).currency_first {
        return format!("{number}{NO_BREAK_SPACE}{symbol}");
    }
    let (sign, unsigned) = number
        .strip_prefix('-')
        .map_or(("", &*number), |rest| ("-", rest));
    // CLDR's rule: a code, which ends in a letter, is set apart from the digits.
    let space = if symbol.ends_with(|last: char| last.is_ascii_alphabetic()) {
        "\u{a0}"
    } else {
        ""
    };
    format!("{sign}{symbol}{space}{unsigned}")
}

/// A rate in percent.
pub(crate) fn percent(rate: Rate, locale: Locale) -> String {
    format!(
        "{}{}%",
        decimal(&rate.to_string(), locale),
        format_of(locale).percent_space
    )
}

/// A quantity.
pub(crate) fn quantity(quantity: Quantity, locale: Locale) -> String {
    decimal(&quantity.to_string(), locale)
}

/// A unit price, with at least the currency's decimals.
pub(crate) fn unit_price(price: UnitPrice, currency: Currency, locale: Locale) -> String {
    decimal(&price.to_decimal_string(currency.exponent()), locale)
}

#[cfg(test)]
mod tests {
    use super::{decimal, money, percent};
    use invoiceapp_domain::locale::Locale;
    use invoiceapp_domain::money::{Currency, Money, Rate};
    use rstest::rstest;

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
        assert_eq!(money(amount, locale), written);
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
