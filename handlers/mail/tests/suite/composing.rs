//! What is in a message, read by another program's parser.

use invoiceapp_domain::invoice::DocumentType;
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::text::{Name, Note};
use invoiceapp_mail::{ComposeError, InvoiceMail, compose, message_id};
use mail_parser::{Address, Message, MessageParser, MimeHeaders};
use rstest::rstest;

use crate::fixtures::{PDF, email, envelope, mail, money, seller};

fn composed(mail: &InvoiceMail) -> Vec<u8> {
    compose(&envelope(7), mail, PDF).unwrap()
}

fn parsed(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).unwrap()
}

fn text(message: &Message<'_>) -> String {
    message.body_text(0).unwrap().replace("\r\n", "\n")
}

#[rstest]
#[case(
    Locale::En,
    "Invoice INV-2026/00042 from Grünwald & Söhne GmbH",
    "EUR\u{a0}1,234,567.89"
)]
#[case(
    Locale::De,
    "Rechnung INV-2026/00042 von Grünwald & Söhne GmbH",
    "1.234.567,89\u{a0}EUR"
)]
#[case(
    Locale::Fr,
    "Facture INV-2026/00042 de Grünwald & Söhne GmbH",
    "1\u{202f}234\u{202f}567,89\u{a0}EUR"
)]
#[case(
    Locale::Es,
    "Factura INV-2026/00042 de Grünwald & Söhne GmbH",
    "1.234.567,89\u{a0}EUR"
)]
#[case(
    Locale::Pl,
    "Faktura INV-2026/00042 od Grünwald & Söhne GmbH",
    "1\u{a0}234\u{a0}567,89\u{a0}EUR"
)]
#[case(
    Locale::Vi,
    "Hóa đơn INV-2026/00042 từ Grünwald & Söhne GmbH",
    "1.234.567,89\u{a0}EUR"
)]
fn a_mail_is_complete_in_every_language(
    #[case] locale: Locale,
    #[case] subject: &str,
    #[case] total: &str,
) {
    let bytes = composed(&mail(locale));
    let message = parsed(&bytes);
    assert_eq!(message.subject(), Some(subject));
    let from = message.from().unwrap().first().unwrap();
    assert_eq!(from.name(), Some("Grünwald & Söhne GmbH"));
    assert_eq!(from.address(), Some("billing@acme.example"));
    let to = message.to().unwrap().first().unwrap();
    assert_eq!(to.name(), Some("Nguyễn Văn A"));
    assert_eq!(to.address(), Some("buyer@example.com"));
    assert_eq!(message.date().unwrap().to_rfc3339(), "2026-11-22T16:41:00Z");
    assert_eq!(
        message.header_raw("Auto-Submitted").unwrap().trim(),
        "auto-generated"
    );

    let text = text(&message);
    let html = message.body_html(0).unwrap();
    assert!(
        html.contains(&format!("<html lang=\"{locale}\">")),
        "{html}"
    );
    for part in [
        total,
        "INV-2026/00042",
        "DE89 3704 0044 0532 0130 00",
        "Thank you!",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
        assert!(html.contains(part), "{part} is missing in {html}");
    }
    assert!(text.contains("See you <soon> & again."));
    assert!(!html.contains("<soon>"));
    assert_eq!(
        (message.text_body_count(), message.html_body_count()),
        (1, 1)
    );
}

#[test]
fn the_attachment_is_the_pdf_byte_for_byte() {
    let bytes = composed(&mail(Locale::En));
    let message = parsed(&bytes);
    assert_eq!(message.attachment_count(), 1);
    let attachment = message.attachment(0).unwrap();
    assert_eq!(attachment.contents(), PDF);
    assert_eq!(attachment.attachment_name(), Some("INV-2026-00042.pdf"));
    let kind = attachment.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("application", Some("pdf")));
    assert_eq!(
        attachment.content_disposition().unwrap().ctype(),
        "attachment"
    );
}

#[test]
fn the_same_mail_has_the_same_bytes_and_the_same_message_id() {
    let first = composed(&mail(Locale::Pl));
    assert_eq!(first, composed(&mail(Locale::Pl)));
    let id = message_id(&envelope(7));
    assert_eq!(id, "<00000000-0000-0000-0000-000000000007@acme.example>");
    assert_eq!(
        parsed(&first).message_id(),
        Some(id.trim_matches(['<', '>']))
    );
    let other = compose(&envelope(8), &mail(Locale::Pl), PDF).unwrap();
    assert_ne!(parsed(&other).message_id(), parsed(&first).message_id());
}

#[test]
fn every_line_ends_in_crlf_and_has_at_most_998_bytes() {
    let mut long = mail(Locale::Vi);
    let words = "Đường ".repeat(33);
    long.seller = seller(words.trim());
    long.recipient_name = Some(Name::parse(&"x".repeat(200)).unwrap());
    long.message = Some(Note::parse(&"ệ\n.\n".repeat(1_200)).unwrap());
    let bytes = composed(&long);
    let text = String::from_utf8(bytes.clone()).unwrap();
    for line in text.split_inclusive("\r\n") {
        let line = line.strip_suffix("\r\n").unwrap();
        assert!(line.len() <= 998, "{} bytes", line.len());
        assert!(!line.contains(['\r', '\n']), "{line:?}");
        assert!(line.is_ascii(), "{line:?}");
    }
    assert_eq!(parsed(&bytes).subject(), Some(long.subject().as_str()));
}

#[rstest]
#[case("Evil\" <evil@example.org>, \"x")]
#[case("=?utf-8?q?Bcc:_victim=40example.org?=")]
#[case("a; b, <c@example.org> (comment) \\")]
#[case("--=_mixed_00000000000000000000000000000007")]
#[case("Subject: x")]
fn a_hostile_name_is_only_ever_a_name(#[case] name: &str) {
    let mut hostile = mail(Locale::En);
    hostile.seller = seller(name);
    hostile.recipient_name = Some(Name::parse(name).unwrap());
    hostile.number = name.to_owned();
    hostile.message = Some(Note::parse(&format!(".\n{name}\n\nFrom {name}")).unwrap());
    let bytes = composed(&hostile);
    let message = parsed(&bytes);
    assert_eq!(
        message.subject().unwrap(),
        format!("Invoice {name} from {name}")
    );
    for party in [message.from().unwrap(), message.to().unwrap()] {
        assert_eq!(party.iter().count(), 1);
        assert_eq!(party.first().unwrap().name(), Some(name));
    }
    assert_eq!(
        message.to().unwrap().first().unwrap().address(),
        Some("buyer@example.com")
    );
    assert!(message.bcc().is_none() && message.cc().is_none());
    assert_eq!(message.attachment(0).unwrap().contents(), PDF);
    let file = message.attachment(0).unwrap().attachment_name().unwrap();
    assert!(
        file.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
    );
    assert!(text(&message).contains(&format!(".\n{name}\n\nFrom {name}\n")));
}

#[rstest]
#[case("\r\nBcc: victim@example.org")]
#[case("\nBcc: victim@example.org")]
#[case("\rBcc: victim@example.org")]
#[case("\u{0}")]
#[case("\u{85}Bcc: victim@example.org")]
fn a_control_character_in_a_header_is_refused(#[case] injected: &str) {
    // The domain's types refuse it before; the number is plain text, and stands for what is not.
    let mut hostile = mail(Locale::En);
    hostile.number = format!("INV-1{injected}");
    let refused = compose(&envelope(7), &hostile, PDF).unwrap_err();
    assert!(
        matches!(refused, ComposeError::ControlCharacter { field: "subject" }),
        "{refused:?}"
    );
    assert!(Name::parse(&format!("Acme{injected} x")).is_err());
}

#[test]
fn an_address_beyond_ascii_keeps_its_spelling() {
    let mut envelope = envelope(7);
    envelope.to = email("żółw@example.com");
    envelope.from = email("billing@grünwald.example");
    envelope.reply_to = envelope.from.clone();
    let bytes = compose(&envelope, &mail(Locale::Pl), PDF).unwrap();
    let message = parsed(&bytes);
    assert_eq!(
        message.to().unwrap().first().unwrap().address(),
        Some("żółw@example.com")
    );
    assert_eq!(
        message.message_id(),
        Some("00000000-0000-0000-0000-000000000007@invoiceapp.invalid")
    );
}

#[test]
fn a_mail_of_an_operator_is_the_sellers_in_all_but_its_sender() {
    let mut envelope = envelope(7);
    envelope.from = email("mail@operator.example");
    let bytes = compose(&envelope, &mail(Locale::En), PDF).unwrap();
    let message = parsed(&bytes);
    let only = |address: Option<&Address<'_>>| {
        let one = address.unwrap().first().unwrap().clone();
        (
            one.name.unwrap().into_owned(),
            one.address.unwrap().into_owned(),
        )
    };
    let (name, address) = only(message.from());
    assert_eq!(address, "mail@operator.example");
    assert_eq!(
        only(message.reply_to()),
        (name, "billing@acme.example".to_owned())
    );
    assert_eq!(
        message.message_id(),
        Some("00000000-0000-0000-0000-000000000007@acme.example")
    );
}

#[test]
fn nothing_is_asked_for_when_nothing_is_due() {
    let mut paid = mail(Locale::En);
    paid.amount_due = money("0.00", "EUR");
    let mut credit = mail(Locale::En);
    credit.document_type = DocumentType::CreditNote;
    for mail in [paid, credit] {
        let bytes = composed(&mail);
        assert!(!text(&parsed(&bytes)).contains("IBAN"));
    }
}

#[test]
fn a_credit_note_is_called_one_and_has_no_due_date() {
    let mut credit = mail(Locale::De);
    credit.document_type = DocumentType::CreditNote;
    let bytes = composed(&credit);
    let message = parsed(&bytes);
    assert!(
        message
            .subject()
            .unwrap()
            .starts_with("Gutschrift INV-2026/00042 ")
    );
    let text = text(&message);
    assert!(text.contains("die Gutschrift INV-2026/00042 vom 1. November 2026"));
    assert!(!text.contains("Fällig"));
}
