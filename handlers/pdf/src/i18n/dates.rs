//! Dates, in the form that a reader of the language cannot misread.

use invoiceapp_domain::locale::Locale;
use jiff::civil::Date;

/// English months as CLDR abbreviates them.
const ENGLISH_MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A date. English spells the month, because 5/6 is another day on each side of the Atlantic.
pub(crate) fn date(date: Date, locale: Locale) -> String {
    let (day, month, year) = (date.day(), date.month(), date.year());
    match locale {
        Locale::En => {
            let index = usize::try_from(month).unwrap_or(1).saturating_sub(1);
            format!(
                "{day}\u{a0}{}\u{a0}{year}",
                ENGLISH_MONTHS.get(index).unwrap_or(&"")
            )
        }
        Locale::De | Locale::Pl => format!("{day:02}.{month:02}.{year}"),
        Locale::Fr | Locale::Es | Locale::Vi => format!("{day:02}/{month:02}/{year}"),
    }
}

#[cfg(test)]
mod tests {
    use super::date;
    use invoiceapp_domain::locale::Locale;

    #[test]
    fn each_language_has_its_order() {
        let day = jiff::civil::date(2026, 3, 9);
        assert_eq!(date(day, Locale::En), "9\u{a0}Mar\u{a0}2026");
        assert_eq!(date(day, Locale::De), "09.03.2026");
        assert_eq!(date(day, Locale::Vi), "09/03/2026");
    }
}
