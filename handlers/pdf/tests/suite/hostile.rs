//! Any text can be rendered: it comes out, comes out replaced, or does not come out, and nothing
//! panics.

use invoiceapp_domain::locale::Locale;
use invoiceapp_pdf::{InvoiceDocument, render};
use proptest::prelude::*;

use crate::fixtures::short;
use crate::reader::{ASSETS, read, read_bytes};

/// The text in every place that takes one.
fn everywhere(text: &str) -> InvoiceDocument {
    let mut document = short(Locale::En);
    let owned = || text.to_owned();
    for party in [&mut document.seller, &mut document.buyer] {
        party.name = owned();
        party.street = vec![owned(), owned()];
        party.city = owned();
        party.postal_code = owned();
        party.country = owned();
        party.vat_id = Some(owned());
        party.registration_id = Some(owned());
        party.email = Some(owned());
        party.phone = Some(owned());
    }
    document.number = Some(owned());
    document.purchase_order = Some(owned());
    document.payment.iban = Some(owned());
    document.payment.bic = Some(owned());
    document.payment.reference = Some(owned());
    document.note = Some(owned());
    document.lines[0].name = owned();
    document.lines[0].description = Some(owned());
    document.lines[0].unit_code = owned();
    document
}

#[test]
fn known_troublemakers_are_rendered() {
    let texts = [
        String::new(),
        " \t\r\n\u{0}\u{7f}\u{85}\u{2028}".to_owned(),
        "W".repeat(5_000),
        "\u{200d}\u{200c}".repeat(100),
        "e\u{301}\u{302}\u{303}".repeat(400),
        "👩‍👩‍👧‍👦🇩🇪🏳️‍🌈".repeat(20),
        "\u{202e}321 EUR\u{202c} \u{2067}abc\u{2069}".to_owned(),
        "السلام עליכם 123 שלום (٤٥٦) abc".repeat(30),
        "\u{10ffff}\u{e000}\u{378}\u{fdd0}\u{d7ff}".to_owned(),
        "क्षत्रिय ကျေးဇူး ขอบคุณ ܫܠܡܐ".repeat(10),
        "\\(\\)<</JS(x)>>\nendstream\nendobj".to_owned(),
        "ﷺ".repeat(50),
        "。、「」".repeat(200),
        "ᄒ\u{1161}\u{11ab}".repeat(50),
    ];
    for text in texts {
        read(&everywhere(&text));
    }
}

#[test]
fn what_no_font_has_is_replaced_visibly_and_once() {
    let mut document = short(Locale::En);
    document.note = Some("before 👩‍👩‍👧‍👦 after".to_owned());
    let text = read(&document).squeezed();
    assert!(text.contains("before\u{fffd}after"), "{text}");
    let replaced =
        |document: &InvoiceDocument| render(document, &ASSETS).unwrap().replaced_characters;
    assert_eq!(replaced(&document), 1);
    document.note = Some("before and after".to_owned());
    assert_eq!(replaced(&document), 0);
}

#[test]
fn an_order_that_was_forced_upon_text_is_not_shown() {
    let mut document = short(Locale::En);
    document.note = Some("Pay to \u{202e}321-EVIL\u{202c} now".to_owned());
    assert!(read(&document).text().contains("Pay to 321-EVIL now"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_anywhere_gives_a_file_that_can_be_read(text in any_text()) {
        let bytes = render(&everywhere(&text), &ASSETS).unwrap().bytes;
        prop_assert!(!read_bytes(bytes).pages().is_empty());
    }
}

/// Characters of every script that has a font, of scripts that have none, and of no script.
fn any_text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        3 => any::<char>(),
        3 => prop::char::range(' ', '~'),
        2 => prop::char::range('\u{a0}', '\u{24f}'),
        2 => prop::char::range('\u{590}', '\u{6ff}'),
        1 => prop::char::range('\u{300}', '\u{36f}'),
        1 => prop::char::range('\u{2000}', '\u{206f}'),
        1 => prop::char::range('\u{3000}', '\u{30ff}'),
        1 => prop::char::range('\u{4e00}', '\u{9fff}'),
        1 => prop::char::range('\u{ac00}', '\u{d7a3}'),
        1 => prop::char::range('\u{1f300}', '\u{1faff}'),
        1 => Just('\n'),
    ];
    prop::collection::vec(character, 0..150).prop_map(|characters| characters.into_iter().collect())
}
