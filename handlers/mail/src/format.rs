//! Amounts and dates as a reader of each language writes them (the forms of CLDR).

use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::Money;
use jiff::civil::Date;

/// Keeps an amount and its currency, or a group of digits, on one line.
const NO_BREAK_SPACE: &str = "\u{a0}";
/// The same, narrow: what French puts between groups of digits.
const NARROW_NO_BREAK_SPACE: &str = "\u{202f}";
/// Digits in a group.
const GROUP_DIGITS: usize = 3;

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const GERMAN: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
const FRENCH: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const SPANISH: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
/// In the genitive, which is the case a day stands before.
const POLISH: [&str; 12] = [
    "stycznia",
    "lutego",
    "marca",
    "kwietnia",
    "maja",
    "czerwca",
    "lipca",
    "sierpnia",
    "września",
    "października",
    "listopada",
    "grudnia",
];

/// How a language writes numbers.
struct Digits {
    decimal: &'static str,
    group: &'static str,
    /// Fewer digits than this before the decimal sign are not grouped.
    grouped_from: usize,
}

const fn digits(locale: Locale) -> Digits {
    let (decimal, group, grouped_from) = match locale {
        Locale::En => (".", ",", 4),
        Locale::De | Locale::Vi => (",", ".", 4),
        Locale::Fr => (",", NARROW_NO_BREAK_SPACE, 4),
        Locale::Es => (",", ".", 5),
        Locale::Pl => (",", NO_BREAK_SPACE, 5),
    };
    Digits {
        decimal,
        group,
        grouped_from,
    }
}

/// An amount with its ISO 4217 code, which unlike a symbol means one currency only.
#[must_use]
pub fn amount(locale: Locale, money: Money) -> String {
    let plain = money.to_decimal_string();
    let (sign, unsigned) = plain
        .strip_prefix('-')
        .map_or(("", plain.as_str()), |rest| ("-", rest));
    let (whole, fraction) = unsigned
        .split_once('.')
        .map_or((unsigned, None), |(whole, rest)| (whole, Some(rest)));
    let style = digits(locale);
    let mut number = grouped(whole, &style);
    if let Some(fraction) = fraction {
        number.push_str(style.decimal);
        number.push_str(fraction);
    }
    let code = money.currency().code();
    match locale {
        Locale::En => format!("{sign}{code}{NO_BREAK_SPACE}{number}"),
        Locale::De | Locale::Fr | Locale::Es | Locale::Pl | Locale::Vi => {
            format!("{sign}{number}{NO_BREAK_SPACE}{code}")
        }
    }
}

fn grouped(whole: &str, style: &Digits) -> String {
    if whole.len() < style.grouped_from {
        return whole.to_owned();
    }
    let mut number = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index != 0 && (whole.len() - index).is_multiple_of(GROUP_DIGITS) {
            number.push_str(style.group);
        }
        number.push(digit);
    }
    number
}

/// A date in words, so that day and month cannot be taken for each other.
#[must_use]
pub fn date(locale: Locale, date: Date) -> String {
    let (day, month, year) = (date.day(), date.month(), date.year());
    // A civil month is 1 to 12.
    let name = |names: [&'static str; 12]| {
        usize::try_from(month - 1)
            .ok()
            .and_then(|index| names.get(index).copied())
            .unwrap_or("")
    };
    match locale {
        Locale::En => format!("{day} {} {year}", name(ENGLISH)),
        Locale::De => format!("{day}. {} {year}", name(GERMAN)),
        Locale::Fr if day == 1 => format!("1er {} {year}", name(FRENCH)),
        Locale::Fr => format!("{day} {} {year}", name(FRENCH)),
        Locale::Es => format!("{day} de {} de {year}", name(SPANISH)),
        Locale::Pl => format!("{day} {} {year}", name(POLISH)),
        Locale::Vi => format!("{day} tháng {month}, {year}"),
    }
}
