//! Dates, in forms that a reader of the language cannot misread.

use jiff::civil::Date;

use crate::locale::Locale;

/// English months as CLDR abbreviates them.
const ENGLISH_SHORT: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
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

/// The name of a date's month.
fn month_of(date: Date, names: [&'static str; 12]) -> &'static str {
    let index = usize::try_from(date.month()).unwrap_or(1).saturating_sub(1);
    names.get(index).copied().unwrap_or("")
}

/// A date for tables. English spells the month, because 5/6 is another day on each side of the
/// Atlantic.
#[must_use]
pub fn short_date(date: Date, locale: Locale) -> String {
    let (day, month, year) = (date.day(), date.month(), date.year());
    match locale {
        Locale::En => format!("{day}\u{a0}{}\u{a0}{year}", month_of(date, ENGLISH_SHORT)),
        Locale::De | Locale::Pl => format!("{day:02}.{month:02}.{year}"),
        Locale::Fr | Locale::Es | Locale::Vi => format!("{day:02}/{month:02}/{year}"),
    }
}

/// A date in words, for sentences.
#[must_use]
pub fn long_date(date: Date, locale: Locale) -> String {
    let (day, month, year) = (date.day(), date.month(), date.year());
    let name = |names| month_of(date, names);
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
