//! Names of countries for addresses abroad.

use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::party::CountryCode;

/// A code and the names in the order of the languages, from CLDR; the first row is a heading.
const COUNTRIES: &str = include_str!("../../assets/countries.tsv");

/// The country's name; in English where the table has none, which post offices read everywhere
/// (UPU convention), and the code itself when it is none.
pub(crate) fn country_name(code: &str, locale: Locale) -> &str {
    let row = COUNTRIES
        .lines()
        .skip(1)
        .find_map(|row| row.strip_prefix(code)?.strip_prefix('\t'));
    row.and_then(|names| names.split('\t').nth(super::labels::column(locale)))
        .or_else(|| CountryCode::parse(code).ok().map(CountryCode::english_name))
        .unwrap_or(code)
}
