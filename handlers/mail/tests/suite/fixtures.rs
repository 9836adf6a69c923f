//! Mails to test with.

use invoiceapp_domain::invoice::DocumentType;
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::{Currency, Money};
use invoiceapp_domain::party::{Address, CountryCode, EmailAddress, Iban, Phone, Seller, VatId};
use invoiceapp_domain::text::{Name, Note, PostalCode, ShortText};
use invoiceapp_mail::{Envelope, InvoiceMail};
use jiff::Timestamp;
use jiff::civil::date;
use uuid::Uuid;

/// Bytes that are not text, with lines that mail would treat specially.
pub(crate) const PDF: &[u8] = b"%PDF-1.7\r\n.\r\n\n\r\x00\xff--=_mixed\r\nFrom x\r\n%%EOF";

pub(crate) fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

pub(crate) fn money(text: &str, currency: &str) -> Money {
    Money::parse_signed(text, Currency::parse(currency).unwrap()).unwrap()
}

pub(crate) fn instant() -> Timestamp {
    "2026-11-22T16:41:00Z".parse().unwrap()
}

pub(crate) fn envelope(number: u128) -> Envelope {
    Envelope {
        id: Uuid::from_u128(number),
        requested_at: instant(),
        from: email("billing@acme.example"),
        reply_to: email("billing@acme.example"),
        to: email("buyer@example.com"),
    }
}

pub(crate) fn seller(name: &str) -> Seller {
    Seller {
        legal_name: Name::parse(name).unwrap(),
        address: Address {
            line1: ShortText::parse("Hauptstraße 1").unwrap(),
            line2: None,
            city: ShortText::parse("Berlin").unwrap(),
            postal_code: PostalCode::parse("10115").unwrap(),
            country: CountryCode::parse("DE").unwrap(),
        },
        vat_id: Some(VatId::parse("DE123456789").unwrap()),
        registration_id: None,
        email: email("billing@acme.example"),
        phone: Some(Phone::parse("+49 30 123456").unwrap()),
        iban: Some(Iban::parse("DE89370400440532013000").unwrap()),
        bic: None,
        logo: None,
    }
}

pub(crate) fn mail(locale: Locale) -> InvoiceMail {
    InvoiceMail {
        locale,
        document_type: DocumentType::Invoice,
        seller: seller("Grünwald & Söhne GmbH"),
        recipient_name: Some(Name::parse("Nguyễn Văn A").unwrap()),
        number: "INV-2026/00042".to_owned(),
        issue_date: date(2026, 11, 1),
        due_date: date(2026, 12, 1),
        total: money("1234567.89", "EUR"),
        amount_due: money("1234.50", "EUR"),
        message: Some(Note::parse("Thank you!\nSee you <soon> & again.").unwrap()),
    }
}
