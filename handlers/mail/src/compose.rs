//! From what a mail says to the bytes of an RFC 5322 message: text and HTML as alternatives, and the
//! PDF attached. The same input gives the same bytes, on every attempt and in every process.
//!
//! Nothing from outside can begin a header or a line of its own (RUSTSEC-2026-0561 in lettre up to
//! 0.11.23): addresses are typed, a control character in a header is refused, line ends are made
//! equal before anything is encoded, every body is base64 or quoted-printable, and no raw message
//! is ever passed through.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use invoiceapp_domain::party::EmailAddress;
use jiff::Timestamp;
use lettre::message::header::{
    ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue, Subject,
};
use lettre::message::{Attachment, Body, Mailbox, Message, MultiPart, SinglePart};
use thiserror::Error;

use crate::content::InvoiceMail;
use crate::mailer::{Envelope, MESSAGE_BYTES_MAX};

/// Right side of a Message-ID whose sender's domain is not ASCII (RFC 6761 reserves it).
const MESSAGE_ID_DOMAIN_FALLBACK: &str = "invoiceapp.invalid";
/// Bytes of text in one encoded word, which as base64 stays below the 75 characters of RFC 2047.
const ENCODED_WORD_BYTES: usize = 45;
/// The first and the last year that the form of dates in mails has room for (RFC 5322, 3.3).
const DATE_YEARS: std::ops::RangeInclusive<i16> = 1970..=9998;

/// A message that cannot be made. Trying again cannot help.
#[derive(Debug, Error)]
pub enum ComposeError {
    /// A text for a header has a character that no header may have.
    #[error("the {field} has a control character")]
    ControlCharacter {
        /// Which text.
        field: &'static str,
    },
    /// An address that the message format has no form for.
    #[error("the {field} address cannot be written into a message")]
    Address {
        /// Whose.
        field: &'static str,
        /// What the format has against it.
        #[source]
        source: lettre::address::AddressError,
    },
    /// The instant has no form in a message.
    #[error("the date is out of range")]
    Date,
    /// A template could not be filled.
    #[error("the body could not be written")]
    Template(#[from] askama::Error),
    /// A part could not be encoded.
    #[error("the {part} part could not be encoded")]
    Part {
        /// Which part.
        part: &'static str,
    },
    /// The parts do not make a message.
    #[error("the parts do not make a message")]
    Message(#[from] lettre::error::Error),
    /// The message exceeds [`MESSAGE_BYTES_MAX`].
    #[error("the message is too large")]
    TooLarge,
}

/// Makes the message of an envelope.
///
/// # Errors
/// [`ComposeError`].
pub fn compose(
    envelope: &Envelope,
    mail: &InvoiceMail,
    pdf: &[u8],
) -> Result<Vec<u8>, ComposeError> {
    let seller = mail.seller.legal_name.as_str();
    let buyer = mail.recipient_name.as_ref().map(|name| name.as_str());
    let from = mailbox("sender's", Some(seller), &envelope.from)?;
    let reply_to = mailbox("seller's", Some(seller), &envelope.reply_to)?;
    let to = mailbox("recipient's", buyer, &envelope.to)?;
    let message = Message::builder()
        .from(from)
        .reply_to(reply_to)
        .to(to)
        .raw_header(subject(&mail.subject())?)
        .date(system_time(envelope.requested_at)?)
        .message_id(Some(message_id(envelope)))
        .raw_header(automatic())
        .multipart(parts(envelope, mail, pdf)?)?
        .formatted();
    if message.len() > MESSAGE_BYTES_MAX {
        Err(ComposeError::TooLarge)
    } else {
        Ok(message)
    }
}

/// The Message-ID of an envelope, the same on every attempt: the reader's side drops a repeat by it. So
/// its domain is the seller's, which was frozen at issue, and not that of whoever sends today.
#[must_use]
pub fn message_id(envelope: &Envelope) -> String {
    let domain = envelope
        .reply_to
        .as_str()
        .rsplit_once('@')
        .map(|(_, domain)| domain);
    let domain = domain
        .filter(|domain| domain.is_ascii())
        .unwrap_or(MESSAGE_ID_DOMAIN_FALLBACK);
    format!("<{}@{domain}>", envelope.id)
}

fn parts(envelope: &Envelope, mail: &InvoiceMail, pdf: &[u8]) -> Result<MultiPart, ComposeError> {
    let (text, html) = mail.bodies()?;
    let alternatives = MultiPart::alternative()
        .boundary(boundary(envelope, "alternative"))
        .singlepart(text_part(ContentType::TEXT_PLAIN, &text)?)
        .singlepart(text_part(ContentType::TEXT_HTML, &html)?);
    Ok(MultiPart::mixed()
        .boundary(boundary(envelope, "mixed"))
        .multipart(alternatives)
        .singlepart(attachment(mail.file_name(), pdf)?))
}

/// No encoded body contains `=_`: in quoted-printable a hexadecimal digit or a line end follows `=`,
/// and base64 has no `_`. So no text can end its part early.
fn boundary(envelope: &Envelope, part: &str) -> String {
    format!("=_{part}_{}", envelope.id.simple())
}

fn text_part(content_type: ContentType, text: &str) -> Result<SinglePart, ComposeError> {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let body = Body::new_with_encoding(lines, ContentTransferEncoding::QuotedPrintable);
    let body = body.map_err(|_| ComposeError::Part { part: "text" })?;
    Ok(SinglePart::builder().header(content_type).body(body))
}

fn attachment(name: String, pdf: &[u8]) -> Result<SinglePart, ComposeError> {
    let refused = || ComposeError::Part { part: "attachment" };
    let content_type = ContentType::parse("application/pdf").map_err(|_| refused())?;
    let body = Body::new_with_encoding(pdf.to_vec(), ContentTransferEncoding::Base64);
    Ok(Attachment::new(name).body(body.map_err(|_| refused())?, content_type))
}

fn mailbox(
    field: &'static str,
    name: Option<&str>,
    address: &EmailAddress,
) -> Result<Mailbox, ComposeError> {
    let name = name.map(|name| header_text(field, name)).transpose()?;
    let address = header_text(field, address.as_str())?;
    let address = address
        .parse()
        .map_err(|source| ComposeError::Address { field, source })?;
    Ok(Mailbox::new(name.map(ToOwned::to_owned), address))
}

fn header_text<'a>(field: &'static str, text: &'a str) -> Result<&'a str, ComposeError> {
    if text.chars().any(char::is_control) {
        Err(ComposeError::ControlCharacter { field })
    } else {
        Ok(text)
    }
}

/// The subject. lettre leaves ASCII words as they are; one that looks like an encoded word would be
/// decoded by the reader into something else, so a subject with such a word is encoded whole.
fn subject(text: &str) -> Result<HeaderValue, ComposeError> {
    let text = header_text("subject", text)?;
    if !text.contains("=?") {
        return Ok(HeaderValue::new(Subject::name(), text.to_owned()));
    }
    let mut words = vec![String::new()];
    for character in text.chars() {
        let full = |word: &String| word.len() + character.len_utf8() > ENCODED_WORD_BYTES;
        if words.last().is_none_or(full) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    let encoded: Vec<String> = words
        .iter()
        .map(|word| format!("=?utf-8?b?{}?=", STANDARD.encode(word)))
        .collect();
    let (name, raw) = (Subject::name(), text.to_owned());
    Ok(HeaderValue::dangerous_new_pre_encoded(
        name,
        raw,
        encoded.join("\r\n "),
    ))
}

/// Keeps out-of-office answers away (RFC 3834, section 5).
fn automatic() -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    HeaderValue::new(name, "auto-generated".to_owned())
}

fn system_time(instant: Timestamp) -> Result<SystemTime, ComposeError> {
    let year = instant.to_zoned(jiff::tz::TimeZone::UTC).year();
    if DATE_YEARS.contains(&year) {
        Ok(instant.into())
    } else {
        Err(ComposeError::Date)
    }
}
