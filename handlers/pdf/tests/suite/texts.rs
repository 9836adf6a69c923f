//! What a page says, read back through the fonts' own maps.

use invoiceapp_domain::invoice::DocumentType;
use invoiceapp_domain::locale::Locale;
use invoiceapp_pdf::{Assets, InvoiceDocument, RenderError, render};
use lopdf::Object;
use rstest::rstest;
use sha2::{Digest, Sha256};

use crate::fixtures::{gross_draft, in_currency, logo_png, long, many_scripts, short};
use crate::reader::{plain, read};

#[rstest]
#[case(Locale::En, &["Invoice INV-2026-00042", "Amount due", "€497.42", "22 Dec 2026", "VAT 19%"])]
#[case(Locale::De, &["Rechnung INV-2026-00042", "Zu zahlen", "497,42 €", "22.12.2026", "USt. 19 %"])]
#[case(Locale::Fr, &["Facture INV-2026-00042", "Net à payer", "497,42 €", "22/12/2026", "TVA 19 %"])]
#[case(Locale::Es, &["Factura INV-2026-00042", "Total a pagar", "497,42 €", "22/12/2026", "IVA 19 %"])]
#[case(Locale::Pl, &["Faktura INV-2026-00042", "Do zapłaty", "497,42 €", "22.12.2026", "VAT 19%"])]
#[case(Locale::Vi, &["Hóa đơn INV-2026-00042", "Số tiền phải trả", "497,42 €", "Thuế GTGT 19%"])]
fn an_invoice_is_complete_in_every_language(#[case] locale: Locale, #[case] words: &[&str]) {
    let text = read(&short(locale)).text();
    let always = [
        "Nordlicht Werkzeuge GmbH",
        "Hafenstraße 12",
        "DE123456789",
        "Müller & Söhne Maschinenbau KG",
        "80331 München",
        "DE987654321",
        "PO-4711",
        "Akku-Bohrschrauber BS-180",
        "18 V, 2 Akkus, Koffer. Ersetzt Modell BS-120.",
        "DE89 3704 0044 0532 0130 00",
        "COBADEFFXXX",
        "Vielen Dank für Ihren Auftrag.",
    ];
    for word in words.iter().chain(&always) {
        assert!(text.contains(word), "{word} is missing in {text}");
    }
}

#[rstest]
#[case("JPY", Locale::En, "¥49,742")]
#[case("KWD", Locale::De, "49,742 KWD")]
#[case("VND", Locale::Vi, "49.742 ₫")]
#[case("PLN", Locale::Pl, "497,42 zł")]
#[case("CLF", Locale::Fr, "4,9742 CLF")]
fn an_amount_has_the_decimals_of_its_currency(
    #[case] code: &str,
    #[case] locale: Locale,
    #[case] payable: &str,
) {
    let text = read(&in_currency(locale, code)).text();
    assert!(text.contains(payable), "{payable} is missing in {text}");
}

#[test]
fn every_script_can_be_copied_out_again() {
    let text = read(&many_scripts()).squeezed();
    let left_to_right = [
        "株式会社 東京工具 Tokyo Tools",
        "电钻，含两块电池，型号 BS-180",
        "電動ドリル（バッテリー２個付き）",
        "전동 드릴, 배터리 2개 포함",
        "Ηλεκτρικό δράπανο · Электродрель · Łódź",
        "Máy khoan điện, hai pin, kèm hộp đựng",
    ];
    for words in left_to_right {
        let words: String = words.split(' ').collect();
        assert!(text.contains(&words), "{words} is missing in {text}");
    }
    // Glyphs that run from right to left come in the order in which they stand on the page.
    let from_right: String = "شركة النور للتجارة المحدودة"
        .split(' ')
        .collect::<String>()
        .chars()
        .rev()
        .collect();
    assert!(
        text.contains(&from_right),
        "{from_right} is missing in {text}"
    );
    assert!(!text.contains('\u{fffd}'));
}

#[test]
fn only_the_fonts_that_a_document_uses_are_in_it() {
    assert_eq!(
        read(&short(Locale::Vi)).fonts(),
        ["NotoSans-Bold", "NotoSans-Regular"]
    );
    let all = read(&many_scripts());
    assert_eq!(all.fonts().len(), 6);
    // Four megabytes of a font are not carried along for a few of its glyphs.
    assert!(all.bytes.len() < 100_000, "{} bytes", all.bytes.len());
}

/// The font programs of a file, sorted.
fn font_programs(document: &InvoiceDocument) -> Vec<Vec<u8>> {
    let file = read(document).file;
    let mut programs: Vec<Vec<u8>> = file
        .objects
        .values()
        .filter_map(|object| object.as_stream().ok())
        .filter(|stream| stream.dict.has(b"Length1"))
        .map(|stream| stream.content.clone())
        .collect();
    programs.sort();
    programs
}

#[test]
fn documents_of_the_usual_languages_share_their_fonts_and_stay_small() {
    let german = font_programs(&short(Locale::De));
    assert_eq!(german.len(), 2);
    for locale in [Locale::En, Locale::Fr, Locale::Es, Locale::Pl] {
        assert!(font_programs(&short(locale)) == german, "{locale}");
    }
    assert!(read(&short(Locale::De)).bytes.len() < 60_000);
    let vietnamese = font_programs(&short(Locale::Vi));
    assert!(vietnamese != german);
    assert!(font_programs(&in_currency(Locale::Vi, "VND")) == vietnamese);
}

#[test]
fn a_glyph_that_is_not_usual_gives_a_document_fonts_of_its_own() {
    let mut document = short(Locale::De);
    document.lines[0].name = "Ηλεκτρικό δράπανο".to_owned();
    let greek = read(&document);
    assert!(greek.text().contains("Ηλεκτρικό δράπανο"));
    let (greek, german) = (font_programs(&document), font_programs(&short(Locale::De)));
    // The bold font draws nothing that is not usual.
    assert_eq!(greek.iter().filter(|font| german.contains(font)).count(), 1);
}

#[test]
fn a_draft_says_on_every_page_that_it_is_one() {
    let mut draft = gross_draft();
    draft.lines = long(Locale::Fr, 60).lines;
    let pages = read(&draft).pages();
    assert!(pages.len() > 2);
    for page in pages {
        assert!(
            page.contains("BROUILLON") && page.contains("Facture – Brouillon"),
            "{page}"
        );
    }
}

#[test]
fn gross_prices_say_that_they_are() {
    let text = read(&gross_draft()).text();
    for word in ["TTC", "340,00", "13,90", "297,39 €", "56,51 €", "353,90 €"] {
        assert!(text.contains(word), "{word} is missing in {text}");
    }
}

#[test]
fn a_credit_note_asks_for_no_payment() {
    let mut credit = short(Locale::De);
    credit.document_type = DocumentType::CreditNote;
    let text = read(&credit).text();
    assert!(text.contains("Gutschrift INV-2026-00042") && text.contains("Gutschriftbetrag"));
    assert!(!text.contains("Bitte überweisen"));
}

#[test]
fn an_address_abroad_names_its_country_and_one_at_home_does_not() {
    let mut document = short(Locale::De);
    let at_home = read(&document).text().matches("Deutschland").count();
    document.buyer.country = "VN".to_owned();
    let abroad = read(&document).text();
    assert!(abroad.contains("Vietnam"));
    // Once more than in the foot of the page, where the seller's country always stands.
    assert_eq!((at_home, abroad.matches("Deutschland").count()), (1, 2));
}

#[test]
fn the_file_says_what_it_is_and_when_it_was_issued() {
    let file = read(&short(Locale::De)).file;
    let id = file
        .trailer
        .get(b"Info")
        .and_then(Object::as_reference)
        .unwrap();
    let info = file.get_dictionary(id).unwrap();
    let text = |key: &[u8]| lopdf::decode_text_string(info.get(key).unwrap()).unwrap();
    assert_eq!(text(b"Title"), "Rechnung INV-2026-00042");
    assert_eq!(text(b"Author"), "Nordlicht Werkzeuge GmbH");
    assert_eq!(text(b"CreationDate"), "D:20261122093000Z");
    assert_eq!(
        file.catalog()
            .unwrap()
            .get(b"Lang")
            .unwrap()
            .as_str()
            .unwrap(),
        b"de"
    );
}

#[test]
fn nothing_in_a_file_can_be_run_or_followed() {
    let mut document = many_scripts();
    document.logo = Some(logo_png());
    document.note = Some("https://example.com javascript:alert(1) (/JS /URI) <script>".to_owned());
    let file = read(&document);
    let active: [&[u8]; 10] = [
        b"JS",
        b"JavaScript",
        b"URI",
        b"OpenAction",
        b"AA",
        b"Launch",
        b"A",
        b"Annots",
        b"EmbeddedFiles",
        b"AcroForm",
    ];
    for dictionary in file.dictionaries() {
        for key in active {
            assert!(
                !dictionary.has(key),
                "{} in {dictionary:?}",
                String::from_utf8_lossy(key)
            );
        }
    }
}

#[test]
fn a_logo_is_put_on_the_page_and_a_bad_one_is_refused() {
    let mut document = short(Locale::En);
    document.logo = Some(logo_png());
    let pictures = read(&document)
        .dictionaries()
        .filter(|dictionary| {
            dictionary.get(b"Subtype").and_then(Object::as_name).ok() == Some(b"Image")
        })
        .count();
    assert_eq!(pictures, 1);
    for bytes in [&b"GIF89a"[..], b"", &logo_png()[..100]] {
        document.logo = Some(bytes.to_vec());
        assert_eq!(render(&document, &Assets::new()), Err(RenderError::Logo));
    }
}

/// The digest of what this invoice said when its pages were last looked at. It changes with every
/// word, number and order of the layout: look at the pages again, then write the new one down.
#[test]
fn the_text_of_a_known_invoice_has_not_changed() {
    let text = plain(&read(&long(Locale::De, 12)).text());
    assert_eq!(
        hex::encode(Sha256::digest(&text)),
        GOLDEN_TEXT_SHA256,
        "{text}"
    );
}

const GOLDEN_TEXT_SHA256: &str = "f6b710dc66186e85a81422e215be669dabe2e9cc53f0eec2b97ff36289a21b81";
