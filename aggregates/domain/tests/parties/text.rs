//! The rules of texts, one fact each.

use invoiceapp_domain::text::{Name, Note, PostalCode, Reference, RoleCode, SeriesCode, Sku};
use rstest::rstest;

use crate::support::{of, refused};

#[test]
fn a_name_is_trimmed_and_normalised_to_nfc() {
    assert_eq!(of::<Name>("  Cafe\u{301} ").as_str(), "Café");
}

#[rstest]
#[case::empty("")]
#[case::blanks("   ")]
#[case::no_break_spaces("\u{a0}\u{3000}")]
fn a_text_of_nothing_but_blanks_is_refused(#[case] text: &str) {
    assert!(refused::<Name>(text));
    assert!(refused::<Note>(text));
    assert!(refused::<Sku>(text));
}

#[rstest]
#[case::null("a\0b")]
#[case::line_feed("a\nb")]
#[case::carriage_return("a\rb")]
#[case::tab("a\tb")]
#[case::escape("a\u{1b}[31mb")]
#[case::delete("a\u{7f}b")]
#[case::next_line("a\u{85}b")]
#[case::line_separator("a\u{2028}b")]
#[case::right_to_left_override("a\u{202e}b")]
#[case::isolate("a\u{2066}b")]
#[case::right_to_left_mark("a\u{200f}b")]
#[case::arabic_letter_mark("a\u{61c}b")]
#[case::zero_width_space("a\u{200b}b")]
#[case::zero_width_joiner("a\u{200d}b")]
#[case::byte_order_mark("a\u{feff}b")]
#[case::soft_hyphen("a\u{ad}b")]
#[case::hangul_filler("a\u{3164}b")]
#[case::tag_letter("a\u{e0041}b")]
#[case::noncharacter("a\u{fffe}b")]
fn a_character_that_cannot_be_seen_is_refused(#[case] text: &str) {
    assert!(refused::<Name>(text));
    assert!(refused::<Sku>(text));
    assert!(refused::<Reference>(text));
}

#[test]
fn a_note_has_lines_and_each_break_is_a_line_feed() {
    assert_eq!(of::<Note>("one\r\ntwo\nthree").as_str(), "one\ntwo\nthree");
    assert!(refused::<Note>("one\rtwo"));
    assert!(refused::<Note>("one\ttwo"));
}

#[test]
fn every_script_in_use_passes() {
    for text in [
        "Ελληνικά",
        "Україна",
        "Tiếng Việt",
        "فاتورة",
        "請求書",
        "한국어",
    ] {
        assert_eq!(of::<Name>(text).as_str(), text);
    }
}

#[test]
fn a_limit_counts_characters_after_normalisation() {
    assert!(!refused::<Name>(&"é".repeat(200)));
    assert!(!refused::<Name>(&"e\u{301}".repeat(200)));
    assert!(refused::<Name>(&"e".repeat(201)));
    assert!(refused::<PostalCode>(&"1".repeat(21)));
}

#[test]
fn a_limit_counts_bytes_too() {
    assert!(!refused::<Name>(&"界".repeat(200)));
    assert!(refused::<Name>(&"𒀀".repeat(200)));
}

#[test]
fn a_refusal_never_repeats_the_text() {
    let refusal = "secret\u{202e}".parse::<Name>().unwrap_err();
    assert!(!refusal.reason.contains("secret"));
}

#[rstest]
#[case("ab-12", "AB-12")]
#[case("straße", "STRASSE")]
#[case("ＡＢ", "ab")]
#[case("Σ-ΟΔΟΣ", "σ-οδοσ")]
fn codes_that_differ_in_case_or_width_claim_one_key(#[case] one: &str, #[case] other: &str) {
    assert_eq!(of::<Sku>(one).claim_key(), of::<Sku>(other).claim_key());
}

#[test]
fn codes_of_other_letters_claim_other_keys() {
    assert_ne!(of::<Sku>("AB-1").claim_key(), of::<Sku>("AB-2").claim_key());
}

#[test]
fn a_role_code_is_lower_case_and_a_series_code_upper_case() {
    assert_eq!(
        of::<RoleCode>("billing_clerk-2").as_str(),
        "billing_clerk-2"
    );
    assert_eq!(of::<SeriesCode>("INV_2-A").as_str(), "INV_2-A");
    for text in ["", "Admin", "a b", "a:b", "a/b", "-a", "é"] {
        assert!(refused::<RoleCode>(text), "{text}");
    }
    for text in ["", "inv", "I N", "I:N", "../I", "_I"] {
        assert!(refused::<SeriesCode>(text), "{text}");
    }
    assert!(refused::<RoleCode>(&"a".repeat(41)));
}

#[test]
fn a_stored_text_is_checked_when_it_is_read() {
    assert!(serde_json::from_str::<Name>("\"Acme\"").is_ok());
    assert!(serde_json::from_str::<Name>("\"a\\u0000b\"").is_err());
    assert!(serde_json::from_str::<Name>("7").is_err());
}
