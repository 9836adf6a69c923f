//! What a mail says: plain values, and the templates that put them into text and HTML.

use askama::Template;
use invoiceapp_domain::invoice::DocumentType;
use invoiceapp_domain::locale::{Locale, format};
use invoiceapp_domain::money::Money;
use invoiceapp_domain::party::Seller;
use invoiceapp_domain::text::{Name, Note};
use jiff::civil::Date;

use crate::words::{self, Words};

/// Everything that a mail with an invoice is made of, apart from the PDF itself.
#[derive(Clone)]
pub struct InvoiceMail {
    /// The language of text, subject, dates and amounts.
    pub locale: Locale,
    /// What is attached: only an invoice asks for a payment.
    pub document_type: DocumentType,
    /// Who sends, as the invoice names it.
    pub seller: Seller,
    /// The recipient's name, when it is known whose address it is.
    pub recipient_name: Option<Name>,
    /// The invoice's number (BT-1).
    pub number: String,
    /// Its date (BT-2).
    pub issue_date: Date,
    /// When it is to be paid (BT-9).
    pub due_date: Date,
    /// The total with VAT (BT-112).
    pub total: Money,
    /// What is still to be paid when the mail is asked for.
    pub amount_due: Money,
    /// A word of the sender's own.
    pub message: Option<Note>,
}

impl InvoiceMail {
    /// The subject line.
    #[must_use]
    pub fn subject(&self) -> String {
        words::subject(
            self.locale,
            self.title(),
            &self.number,
            self.seller.legal_name.as_str(),
        )
    }

    /// The name of the attached file: ASCII letters, digits and `-`, because the number comes from
    /// a template of the tenant's, and no reader of mails agrees with another on the rest.
    #[must_use]
    pub fn file_name(&self) -> String {
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        };
        format!("{}.pdf", self.number.chars().map(plain).collect::<String>())
    }

    const fn title(&self) -> &'static str {
        words::title(self.locale, self.document_type)
    }

    const fn is_invoice(&self) -> bool {
        matches!(self.document_type, DocumentType::Invoice)
    }

    /// The body as text and as HTML, with line feeds between lines.
    ///
    /// # Errors
    /// The template engine's error.
    pub(crate) fn bodies(&self) -> Result<(String, String), askama::Error> {
        let words = words::words(self.locale);
        let date = format::long_date(self.issue_date, self.locale);
        let (summary, payment) = (self.summary(&words), self.payment(&words));
        let attached = words::attached(self.locale, self.document_type, &self.number, &date);
        let signature = self.signature();
        let message = self.message.as_ref().map(Note::as_str);
        let text = TextBody {
            words,
            attached: &attached,
            message,
            summary: &summary,
            payment: &payment,
            signature: &signature,
        };
        let html = HtmlBody {
            lang: self.locale.tag(),
            title: &self.subject(),
            words,
            attached: &attached,
            message,
            summary: &summary,
            payment: &payment,
            signature: &signature,
        };
        Ok((text.render()?, html.render()?))
    }

    fn summary(&self, words: &Words) -> Vec<Row> {
        let date = |date| format::long_date(date, self.locale);
        let amount = |money| format::amount_with_code(money, self.locale);
        let mut rows = vec![
            Row::new(words.number, self.number.clone()),
            Row::new(words.issue_date, date(self.issue_date)),
        ];
        if self.is_invoice() {
            rows.push(Row::new(words.due_date, date(self.due_date)));
        }
        rows.push(Row::new(words.total, amount(self.total)));
        if self.is_invoice() {
            rows.push(Row::new(words.amount_due, amount(self.amount_due)));
        }
        rows
    }

    /// Where to pay to; empty when there is nothing to pay or no account to pay it to.
    fn payment(&self, words: &Words) -> Vec<Row> {
        let asks = self.is_invoice() && self.amount_due.is_positive();
        let Some(iban) = self.seller.iban.as_ref().filter(|_| asks) else {
            return Vec::new();
        };
        let bic = self
            .seller
            .bic
            .as_ref()
            .map(|bic| Row::new("BIC", bic.to_string()));
        let mut rows = vec![Row::new("IBAN", iban.formatted())];
        rows.extend(bic);
        rows.push(Row::new(words.reference, self.number.clone()));
        rows
    }

    fn signature(&self) -> Vec<String> {
        let phone = self.seller.phone.as_ref().map(ToString::to_string);
        let name = self.seller.legal_name.to_string();
        [Some(name), Some(self.seller.email.to_string()), phone]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// A label and what belongs to it.
struct Row {
    label: &'static str,
    value: String,
}

impl Row {
    const fn new(label: &'static str, value: String) -> Self {
        Self { label, value }
    }
}

#[derive(Template)]
#[template(path = "invoice.txt")]
struct TextBody<'a> {
    words: Words,
    attached: &'a str,
    message: Option<&'a str>,
    summary: &'a [Row],
    payment: &'a [Row],
    signature: &'a [String],
}

/// The extension `html` turns escaping on.
#[derive(Template)]
#[template(path = "invoice.html")]
struct HtmlBody<'a> {
    lang: &'static str,
    title: &'a str,
    words: Words,
    attached: &'a str,
    message: Option<&'a str>,
    summary: &'a [Row],
    payment: &'a [Row],
    signature: &'a [String],
}
