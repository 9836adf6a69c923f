//! Pages: where they break, and what is on each of them.

use invoiceapp_domain::locale::Locale;
use invoiceapp_pdf::document::{Adjustment, DOCUMENT_LINES_MAX};
use invoiceapp_pdf::{Assets, RenderError, render};
use rstest::rstest;

use crate::fixtures::{euro, gross, line, long, short};
use crate::reader::read;

#[rstest]
#[case(2, 1)]
#[case(20, 2)]
#[case(38, 3)]
fn a_document_takes_the_pages_that_its_lines_need(#[case] lines: usize, #[case] pages: usize) {
    assert_eq!(read(&long(Locale::De, lines)).pages().len(), pages);
}

#[test]
fn every_page_has_the_header_of_the_table_and_its_number() {
    let pages = read(&long(Locale::De, 120)).pages();
    let count = pages.len();
    assert!(count > 4);
    for (index, page) in pages.iter().enumerate() {
        for name in ["Bezeichnung", "Menge", "Einzelpreis", "Betrag netto"] {
            assert!(
                page.contains(name),
                "{name} is missing on page {}",
                index + 1
            );
        }
        assert!(
            page.contains(&format!("Seite {} von {count}", index + 1)),
            "{page}"
        );
        assert!(
            page.contains("HRB 98765"),
            "the foot is missing on page {}",
            index + 1
        );
        assert_eq!(page.matches("Rechnung INV-2026-00042").count(), 1);
    }
}

#[test]
fn every_line_is_there_once_and_in_order() {
    let mut document = long(Locale::De, 200);
    for (index, line) in document.lines.iter_mut().enumerate() {
        line.name = format!("Artikel-{index:04}.");
    }
    let text = read(&document).text();
    let found: Vec<&str> = text
        .match_indices("Artikel-")
        .filter_map(|(at, _)| text.get(at + 8..at + 13))
        .collect();
    let numbers: Vec<String> = (0..200).map(|index| format!("{index:04}.")).collect();
    let found: Vec<&str> = found
        .into_iter()
        .filter(|text| text.ends_with('.'))
        .collect();
    assert_eq!(found, numbers);
}

#[test]
fn the_totals_never_stand_on_a_page_without_a_line() {
    // Every number of lines around a page's end: somewhere among them the totals just do not fit.
    for count in 8..45 {
        let mut document = short(Locale::En);
        let template = document.lines[1].clone();
        document.lines = vec![template; count];
        for (index, line) in document.lines.iter_mut().enumerate() {
            line.name = format!("Item-{index:04}");
        }
        let pages = read(&document).pages();
        let last = format!("Item-{:04}", count - 1);
        let page = pages
            .iter()
            .find(|page| page.contains("Total incl. VAT"))
            .unwrap();
        assert!(page.contains(&last), "{count} lines");
        assert!(page.contains("Amount due"), "{count} lines");
    }
}

#[test]
fn a_text_that_is_longer_than_a_page_goes_on_over_pages() {
    let mut document = short(Locale::En);
    let words: Vec<String> = (0..3_000).map(|index| format!("word{index:04}")).collect();
    document.lines[0].description = Some(words.join(" "));
    document.note = Some(words.join("\n"));
    let file = read(&document);
    let text = file.text();
    assert!(file.pages().len() > 10);
    for word in &words {
        assert_eq!(text.matches(word).count(), 2, "{word}");
    }
}

#[test]
fn many_allowances_go_on_over_pages_and_the_amount_due_comes_once() {
    let mut document = long(Locale::En, 3);
    document.allowances = (0..150)
        .map(|index| {
            let mut one = document.allowances[0].clone();
            one.reason = format!("Reason-{index:03}");
            one
        })
        .collect();
    let file = read(&document);
    let text = file.text();
    assert!(file.pages().len() > 2);
    assert!((0..150).all(|index| text.contains(&format!("Reason-{index:03}"))));
    assert_eq!(text.matches("Amount due").count(), 1);
}

#[rstest]
#[case(Locale::En, "Unit price incl. VAT", "Amount incl. VAT")]
#[case(Locale::De, "Einzelpreis brutto", "Betrag brutto")]
#[case(Locale::Fr, "Prix unitaire TTC", "Montant TTC")]
#[case(Locale::Es, "Precio con IVA", "Importe con IVA")]
#[case(Locale::Pl, "Cena jedn. brutto", "Wartość brutto")]
#[case(Locale::Vi, "Đơn giá gồm thuế", "Thành tiền gồm thuế")]
fn the_heads_of_gross_columns_are_whole(
    #[case] locale: Locale,
    #[case] price: &str,
    #[case] amount: &str,
) {
    let file = read(&gross(locale));
    let text = file.squeezed();
    for head in [price, amount] {
        assert!(
            text.contains(&head.replace(' ', "")),
            "{head} is cut in {text}"
        );
    }
}

#[test]
fn the_amounts_of_a_discounted_line_go_from_its_price_to_what_is_left() {
    let mut document = short(Locale::En);
    let line = &mut document.lines[0];
    line.price_amount = euro("298.00");
    line.amount = euro("290.10");
    let adjustment = |reason: &str, amount| Adjustment {
        reason: reason.to_owned(),
        percent: None,
        amount: euro(amount),
    };
    line.allowances = vec![adjustment("volume", "14.90")];
    line.charges = vec![adjustment("express", "7.00")];
    let text = read(&document).text();
    let (_, after_name) = text.split_once("Akku-Bohrschrauber BS-180").unwrap();
    let place = |part: &str| after_name.find(part).unwrap();
    let places = ["298.00", "volume", "14.90", "express", "7.00", "290.10"].map(place);
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn more_lines_than_the_limit_are_refused_by_its_name() {
    let mut document = short(Locale::En);
    let template = line("x", "1", "C62", "1.00", document.lines[0].amount);
    document.lines = vec![template; DOCUMENT_LINES_MAX + 1];
    let refused = render(&document, &Assets::new());
    assert_eq!(
        refused,
        Err(RenderError::TooLarge {
            limit: "DOCUMENT_LINES_MAX"
        })
    );
}
