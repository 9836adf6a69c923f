//! Where and until when to pay.

use super::compose::Composer;
use super::flow::Row;
use super::geometry::{Length, page};
use super::item::{Align, Stack};
use super::theme;
use crate::error::RenderError;
use crate::i18n::{date, money};
use invoiceapp_domain::invoice::DocumentType;

const LABEL_WIDTH: Length = Length::mm(34);
const VALUE_LINES_MAX: usize = 3;

/// The payment block; none when nothing is to be paid.
pub(crate) fn row(composer: &mut Composer<'_>) -> Result<Option<Row>, RenderError> {
    let document = composer.document;
    let asks =
        document.document_type == DocumentType::Invoice && document.totals.payable.is_positive();
    if !asks || document.payment.iban.is_none() {
        return Ok(None);
    }
    let labels = composer.labels;
    let mut stack = Stack::default();
    stack.gap(Length::points(16));
    let heading = composer.line(labels.payment, theme::HEADING)?;
    stack.lines(vec![heading], page::LEFT, page::CONTENT_WIDTH, Align::Left);
    stack.gap(Length::points(2));
    let amount = money(document.totals.payable, document.locale);
    let sentence = match document.due_date {
        Some(day) => labels
            .pay_until
            .replace("{amount}", &amount)
            .replace("{date}", &date(day, document.locale)),
        None => labels.pay.replace("{amount}", &amount),
    };
    let lines = composer
        .shaper
        .wrap(&sentence, theme::BODY, page::CONTENT_WIDTH)?;
    stack.lines(lines, page::LEFT, page::CONTENT_WIDTH, Align::Left);
    stack.gap(Length::points(4));
    let details = [
        (labels.account_holder, Some(document.seller.name.clone())),
        (
            "IBAN",
            document
                .payment
                .iban
                .as_ref()
                .map(|iban| grouped_iban(iban)),
        ),
        ("BIC", document.payment.bic.clone()),
        (labels.reference, document.payment.reference.clone()),
    ];
    for (label, value) in details {
        let Some(value) = value else { continue };
        let label = composer.line(label, theme::LABEL)?;
        let (place, top) = ((page::LEFT, LABEL_WIDTH), stack.bottom);
        stack.line_on_baseline_of(theme::BODY_BOLD, label, place, Align::Left, top);
        let place = (page::LEFT + LABEL_WIDTH, page::CONTENT_WIDTH - LABEL_WIDTH);
        composer.stack_text(&mut stack, &value, theme::BODY_BOLD, place, VALUE_LINES_MAX)?;
    }
    Ok(Some(Row::of(stack)))
}

/// An IBAN in groups of four, as ISO 13616 prints it.
pub(crate) fn grouped_iban(iban: &str) -> String {
    let characters: Vec<char> = iban.chars().filter(|character| *character != ' ').collect();
    let groups: Vec<String> = characters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join("\u{a0}")
}
