//! Symbols of currencies. Only those that name one currency to any reader: a bare `$` or `¥` on an
//! invoice that crosses a border does not, so such a currency is written by its code abroad.

use crate::locale::Locale;

/// The symbol, or the code where there is none that is clear.
pub(super) fn symbol(code: &str, locale: Locale) -> &str {
    match (code, locale) {
        ("EUR", _) => "€",
        ("GBP", _) => "£",
        ("USD", Locale::En) => "$",
        ("USD", _) => "US$",
        ("JPY", Locale::En) => "¥",
        ("CAD", _) => "CA$",
        ("AUD", _) => "A$",
        ("NZD", _) => "NZ$",
        ("HKD", _) => "HK$",
        ("BRL", _) => "R$",
        ("CNY", _) => "CN¥",
        ("INR", _) => "₹",
        ("KRW", _) => "₩",
        ("ILS", _) => "₪",
        ("VND", _) => "₫",
        ("PLN", Locale::Pl) => "zł",
        _ => code,
    }
}
