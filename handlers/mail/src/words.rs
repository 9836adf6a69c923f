//! What a mail says, in each language. A sentence is a function, so that its parts stand where the
//! language wants them and the compiler sees that none is missing.

use invoiceapp_domain::invoice::DocumentType;
use invoiceapp_domain::locale::Locale;

/// The fixed words of one language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    pub(crate) greeting: &'static str,
    /// What stands between a label and its value in running text.
    pub(crate) colon: &'static str,
    pub(crate) number: &'static str,
    pub(crate) issue_date: &'static str,
    pub(crate) due_date: &'static str,
    pub(crate) total: &'static str,
    pub(crate) amount_due: &'static str,
    pub(crate) transfer: &'static str,
    pub(crate) reference: &'static str,
    pub(crate) closing: &'static str,
}

const ENGLISH: Words = Words {
    greeting: "Hello,",
    colon: ":",
    number: "Number",
    issue_date: "Date",
    due_date: "Due date",
    total: "Total",
    amount_due: "Amount due",
    transfer: "Please transfer the amount due to this account:",
    reference: "Payment reference",
    closing: "Kind regards",
};

const GERMAN: Words = Words {
    greeting: "Guten Tag,",
    colon: ":",
    number: "Nummer",
    issue_date: "Datum",
    due_date: "Fällig am",
    total: "Gesamtbetrag",
    amount_due: "Zu zahlen",
    transfer: "Bitte überweisen Sie den zu zahlenden Betrag auf dieses Konto:",
    reference: "Verwendungszweck",
    closing: "Mit freundlichen Grüßen",
};

const FRENCH: Words = Words {
    greeting: "Bonjour,",
    colon: "\u{a0}:",
    number: "Numéro",
    issue_date: "Date",
    due_date: "Date d’échéance",
    total: "Total",
    amount_due: "Montant à payer",
    transfer: "Merci de virer le montant à payer sur ce compte\u{a0}:",
    reference: "Référence du paiement",
    closing: "Cordialement",
};

const SPANISH: Words = Words {
    greeting: "Hola:",
    colon: ":",
    number: "Número",
    issue_date: "Fecha",
    due_date: "Fecha de vencimiento",
    total: "Total",
    amount_due: "Importe por pagar",
    transfer: "Le rogamos que transfiera el importe por pagar a esta cuenta:",
    reference: "Referencia de pago",
    closing: "Un cordial saludo",
};

const POLISH: Words = Words {
    greeting: "Dzień dobry,",
    colon: ":",
    number: "Numer",
    issue_date: "Data wystawienia",
    due_date: "Termin płatności",
    total: "Razem",
    amount_due: "Do zapłaty",
    transfer: "Prosimy o przelanie kwoty do zapłaty na to konto:",
    reference: "Tytuł przelewu",
    closing: "Z poważaniem",
};

const VIETNAMESE: Words = Words {
    greeting: "Kính gửi Quý khách,",
    colon: ":",
    number: "Số",
    issue_date: "Ngày lập",
    due_date: "Hạn thanh toán",
    total: "Tổng cộng",
    amount_due: "Số tiền phải trả",
    transfer: "Quý khách vui lòng chuyển số tiền phải trả vào tài khoản sau:",
    reference: "Nội dung chuyển khoản",
    closing: "Trân trọng",
};

/// The words of a language.
pub(crate) const fn words(locale: Locale) -> Words {
    match locale {
        Locale::En => ENGLISH,
        Locale::De => GERMAN,
        Locale::Fr => FRENCH,
        Locale::Es => SPANISH,
        Locale::Pl => POLISH,
        Locale::Vi => VIETNAMESE,
    }
}

/// What the document is called; the first word of the subject.
pub(crate) const fn title(locale: Locale, document_type: DocumentType) -> &'static str {
    match (locale, document_type) {
        (Locale::En, DocumentType::Invoice) => "Invoice",
        (Locale::En, DocumentType::CreditNote) => "Credit note",
        (Locale::De, DocumentType::Invoice) => "Rechnung",
        (Locale::De, DocumentType::CreditNote) => "Gutschrift",
        (Locale::Fr, DocumentType::Invoice) => "Facture",
        (Locale::Fr, DocumentType::CreditNote) => "Avoir",
        (Locale::Es, DocumentType::Invoice) => "Factura",
        (Locale::Es, DocumentType::CreditNote) => "Nota de crédito",
        (Locale::Pl, DocumentType::Invoice) => "Faktura",
        (Locale::Pl, DocumentType::CreditNote) => "Nota kredytowa",
        (Locale::Vi, DocumentType::Invoice) => "Hóa đơn",
        (Locale::Vi, DocumentType::CreditNote) => "Giấy báo có",
    }
}

/// The subject line.
pub(crate) fn subject(locale: Locale, title: &str, number: &str, seller: &str) -> String {
    match locale {
        Locale::En => format!("{title} {number} from {seller}"),
        Locale::De => format!("{title} {number} von {seller}"),
        Locale::Fr | Locale::Es => format!("{title} {number} de {seller}"),
        Locale::Pl => format!("{title} {number} od {seller}"),
        Locale::Vi => format!("{title} {number} từ {seller}"),
    }
}

/// The sentence that says what is attached.
pub(crate) fn attached(
    locale: Locale,
    document_type: DocumentType,
    number: &str,
    date: &str,
) -> String {
    let invoice = matches!(document_type, DocumentType::Invoice);
    let pick = |yes: &'static str, no: &'static str| if invoice { yes } else { no };
    match locale {
        Locale::En => {
            let document = pick("invoice", "credit note");
            format!("Please find attached {document} {number} of {date}.")
        }
        Locale::De => {
            let document = pick("die Rechnung", "die Gutschrift");
            format!("anbei erhalten Sie {document} {number} vom {date}.")
        }
        Locale::Fr => {
            let document = pick("la facture", "l’avoir");
            format!("Veuillez trouver ci-joint {document} {number} du {date}.")
        }
        Locale::Es => {
            let document = pick("la factura", "la nota de crédito");
            format!("Adjuntamos {document} {number} del {date}.")
        }
        Locale::Pl => {
            let document = pick("fakturę", "notę kredytową");
            format!("w załączeniu przesyłamy {document} {number} z dnia {date}.")
        }
        Locale::Vi => {
            let document = pick("hóa đơn", "giấy báo có");
            format!("Chúng tôi xin gửi kèm {document} {number} ngày {date}.")
        }
    }
}
