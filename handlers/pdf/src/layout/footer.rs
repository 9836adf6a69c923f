//! The foot of every page: the seller's details, and which page of how many it is.

use super::compose::Composer;
use super::geometry::{Length, page};
use super::item::{Item, Stack};
use super::theme;
use crate::error::RenderError;
use crate::i18n::country_name;

/// Most lines that one detail takes.
const DETAIL_LINES_MAX: usize = 2;
const COLUMN_COUNT: i64 = 3;
const COLUMN_GAP: Length = Length::points(12);

/// The foot, without the page's number.
pub(crate) struct Footer {
    pub(crate) items: Vec<Item>,
    pub(crate) top: Length,
    number_top: Length,
}

/// Lays the foot out from the bottom up.
pub(crate) fn build(composer: &mut Composer<'_>) -> Result<Footer, RenderError> {
    let width = (page::CONTENT_WIDTH - COLUMN_GAP * (COLUMN_COUNT - 1)) / COLUMN_COUNT;
    let mut stack = Stack::default();
    stack.rule(
        page::LEFT,
        page::CONTENT_WIDTH,
        theme::HAIRLINE,
        theme::HAIRLINE_COLOUR,
    );
    stack.gap(Length::points(4));
    let top = stack.bottom;
    let mut bottom = top;
    let mut left = page::LEFT;
    for details in columns(composer) {
        stack.bottom = top;
        for detail in details {
            let place = (left, width);
            composer.stack_text(&mut stack, &detail, theme::FOOTER, place, DETAIL_LINES_MAX)?;
        }
        bottom = bottom.max(stack.bottom);
        left += width + COLUMN_GAP;
    }
    let height = bottom + theme::FOOTER.line_height + Length::points(2);
    let footer_top = page::FOOTER_BOTTOM - height;
    let items = stack
        .items
        .into_iter()
        .map(|item| item.moved(Length::ZERO, footer_top))
        .collect();
    let number_top = page::FOOTER_BOTTOM - theme::FOOTER.line_height;
    Ok(Footer {
        items,
        top: footer_top,
        number_top,
    })
}

/// `Page 2 of 3`, at the right.
pub(crate) fn page_number(
    composer: &mut Composer<'_>,
    footer: &Footer,
    page_index: usize,
    count: usize,
) -> Result<Item, RenderError> {
    let text = composer.labels.page;
    let text = text
        .replace("{page}", &page_index.to_string())
        .replace("{pages}", &count.to_string());
    let line = composer.line(&text, theme::FOOTER)?;
    let x = page::RIGHT - line.width;
    let baseline = footer.number_top + line.style.baseline();
    Ok(Item::Text { x, baseline, line })
}

fn columns(composer: &Composer<'_>) -> [Vec<String>; 3] {
    let document = composer.document;
    let seller = &document.seller;
    let labels = composer.labels;
    let labelled = |label: &str, value: &Option<String>| {
        value.as_ref().map(|value| format!("{label} {value}"))
    };
    let place = format!("{} {}", seller.postal_code, seller.city);
    let country = country_name(&seller.country, document.locale).to_owned();
    let mut address = vec![
        seller.name.clone(),
        seller.street.join(", "),
        place,
        country,
    ];
    address.retain(|line| !line.trim().is_empty());
    let contact = [
        labelled(labels.phone, &seller.phone),
        seller.email.clone(),
        labelled(labels.vat_id, &seller.vat_id),
        labelled(labels.registration_id, &seller.registration_id),
    ];
    let iban = document
        .payment
        .iban
        .as_ref()
        .map(|iban| super::payment::grouped_iban(iban));
    let bank = [
        labelled("IBAN", &iban),
        labelled("BIC", &document.payment.bic),
    ];
    [
        address,
        contact.into_iter().flatten().collect(),
        bank.into_iter().flatten().collect(),
    ]
}
