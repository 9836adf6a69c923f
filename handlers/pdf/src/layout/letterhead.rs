//! The top of a page: who sells, who buys, and the document's data.

use super::compose::Composer;
use super::geometry::{Length, page};
use super::item::{Align, Item, Stack};
use super::theme;
use crate::document::Party;
use crate::error::RenderError;
use crate::i18n::{country_name, date};

/// Largest logo on the page.
const LOGO_WIDTH: Length = Length::mm(70);
const LOGO_HEIGHT: Length = Length::mm(25);
/// Most lines that one field of the letterhead takes.
const FIELD_LINES_MAX: usize = 8;
/// Most lines of street shown.
const STREET_LINES_MAX: usize = 3;
/// Width of the labels beside the document's data.
const META_LABEL_WIDTH: Length = Length::mm(29);
const INFO_WIDTH: Length = Length(page::RIGHT.0 - page::INFO_LEFT.0);

/// The first page down to where its body begins.
pub(crate) fn first_page(composer: &mut Composer<'_>) -> Result<Stack, RenderError> {
    let mut stack = Stack::default();
    brand(composer, &mut stack)?;
    let brand_bottom = stack.bottom;
    let mut right = Stack {
        items: Vec::new(),
        bottom: page::TOP,
    };
    seller(composer, &mut right)?;
    right.gap(Length::points(10));
    right.bottom = right.bottom.max(page::RETURN_ADDRESS_TOP);
    meta(composer, &mut right)?;
    let mut left = Stack {
        items: Vec::new(),
        bottom: page::RETURN_ADDRESS_TOP.max(brand_bottom),
    };
    address_window(composer, &mut left)?;
    stack.items.append(&mut right.items);
    stack.items.append(&mut left.items);
    stack.bottom = page::BODY_TOP.max(right.bottom.max(left.bottom) + Length::points(14));
    let title = composer.title();
    let place = (page::LEFT, page::CONTENT_WIDTH);
    composer.stack_text(&mut stack, &title, theme::TITLE, place, 2)?;
    stack.gap(Length::points(8));
    Ok(stack)
}

/// The top of every page after the first.
pub(crate) fn following_pages(composer: &mut Composer<'_>) -> Result<Vec<Item>, RenderError> {
    let mut stack = Stack {
        items: Vec::new(),
        bottom: page::TOP,
    };
    let top = stack.bottom;
    let half = page::CONTENT_WIDTH / 2 - Length::points(6);
    let title = composer.title();
    let title = composer
        .shaper
        .wrap_at_most(&title, theme::SMALL_BOLD, half, 1)?;
    let name = composer.document.seller.name.clone();
    let name = composer.shaper.wrap_at_most(&name, theme::LABEL, half, 1)?;
    for line in title {
        stack.bottom = top + stack.line_at(line, page::LEFT, half, Align::Left, top);
    }
    for line in name {
        stack.line_at(line, page::RIGHT - half, half, Align::Right, top);
    }
    stack.gap(Length::points(4));
    stack.rule(
        page::LEFT,
        page::CONTENT_WIDTH,
        theme::HAIRLINE,
        theme::HAIRLINE_COLOUR,
    );
    Ok(stack.items)
}

/// The logo, or the seller's name in its place.
fn brand(composer: &mut Composer<'_>, stack: &mut Stack) -> Result<(), RenderError> {
    stack.bottom = page::TOP;
    if let Some((pixels_wide, pixels_high)) = composer.logo_pixels {
        let (width, height) = fitted(pixels_wide, pixels_high);
        stack.items.push(Item::Logo {
            x: page::LEFT,
            y: page::TOP,
            width,
            height,
        });
        stack.gap(height);
        return Ok(());
    }
    let place = (
        page::LEFT,
        page::INFO_LEFT - page::LEFT - Length::points(12),
    );
    composer.stack_text(
        stack,
        &composer.document.seller.name,
        theme::SELLER_NAME,
        place,
        2,
    )
}

/// The largest size with the picture's proportions that fits, at no more than 96 pixels an inch,
/// so that a small logo is not blown up.
fn fitted(pixels_wide: u32, pixels_high: u32) -> (Length, Length) {
    let (wide, high) = (i64::from(pixels_wide.max(1)), i64::from(pixels_high.max(1)));
    let natural = Length::points(1) * wide * 3 / 4;
    let width = natural.min(LOGO_WIDTH);
    let height = width * high / wide;
    if height <= LOGO_HEIGHT {
        (width, height)
    } else {
        (LOGO_HEIGHT * wide / high, LOGO_HEIGHT)
    }
}

fn seller(composer: &mut Composer<'_>, stack: &mut Stack) -> Result<(), RenderError> {
    let party = &composer.document.seller;
    let labels = composer.labels;
    let place = (page::INFO_LEFT, INFO_WIDTH);
    composer.stack_text(
        stack,
        &party.name,
        theme::SMALL_BOLD,
        place,
        FIELD_LINES_MAX,
    )?;
    for line in address_lines(composer, party, true) {
        composer.stack_text(stack, &line, theme::SMALL, place, FIELD_LINES_MAX)?;
    }
    stack.gap(Length::points(3));
    let labelled = |label: &str, value: &Option<String>| {
        value.as_ref().map(|value| format!("{label} {value}"))
    };
    let contact = [
        labelled(labels.phone, &party.phone),
        party.email.clone(),
        labelled(labels.vat_id, &party.vat_id),
    ];
    for line in contact.into_iter().flatten() {
        composer.stack_text(stack, &line, theme::SMALL, place, 2)?;
    }
    Ok(())
}

/// Sender's line and buyer's address, where the window of an envelope is.
fn address_window(composer: &mut Composer<'_>, stack: &mut Stack) -> Result<(), RenderError> {
    let document = composer.document;
    let place = (page::LEFT, page::ADDRESS_WIDTH);
    let mut sender = vec![document.seller.name.clone()];
    sender.extend(address_lines(composer, &document.seller, false));
    let sender = sender.join(" · ");
    composer.stack_text(stack, &sender, theme::RETURN_ADDRESS, place, 1)?;
    stack.gap(Length::points(1));
    stack.rule(
        page::LEFT,
        page::ADDRESS_WIDTH,
        theme::HAIRLINE,
        theme::HAIRLINE_COLOUR,
    );
    stack.bottom = page::ADDRESS_TOP.max(stack.bottom + Length::points(5));
    let buyer = &document.buyer;
    composer.stack_text(
        stack,
        &buyer.name,
        theme::ADDRESS_NAME,
        place,
        FIELD_LINES_MAX,
    )?;
    for line in address_lines(composer, buyer, true) {
        composer.stack_text(stack, &line, theme::ADDRESS, place, FIELD_LINES_MAX)?;
    }
    Ok(())
}

/// Street, city, and the country of an address that crosses a border.
fn address_lines(composer: &Composer<'_>, party: &Party, with_country: bool) -> Vec<String> {
    let document = composer.document;
    let mut lines: Vec<String> = party
        .street
        .iter()
        .take(STREET_LINES_MAX)
        .cloned()
        .collect();
    lines.push(format!("{} {}", party.postal_code, party.city));
    if with_country && document.seller.country != document.buyer.country {
        lines.push(country_name(&party.country, document.locale).to_owned());
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

/// Number, dates and references, as a list of labels and values.
fn meta(composer: &mut Composer<'_>, stack: &mut Stack) -> Result<(), RenderError> {
    let document = composer.document;
    let labels = composer.labels;
    let day = |day: Option<jiff::civil::Date>| day.map(|day| date(day, document.locale));
    let rows = [
        (labels.number, document.number.clone()),
        (labels.issue_date, day(document.issue_date)),
        (labels.delivery_date, day(document.delivery_date)),
        (labels.due_date, day(document.due_date)),
        (labels.purchase_order, document.purchase_order.clone()),
        (labels.buyer_vat_id, document.buyer.vat_id.clone()),
        (labels.currency, Some(document.currency.code().to_owned())),
    ];
    let value_left = page::INFO_LEFT + META_LABEL_WIDTH;
    let value_width = INFO_WIDTH - META_LABEL_WIDTH;
    stack.rule(page::INFO_LEFT, INFO_WIDTH, theme::RULE, theme::RULE_COLOUR);
    stack.gap(Length::points(4));
    for (label, value) in rows {
        let Some(value) = value else { continue };
        let top = stack.bottom;
        let label_width = META_LABEL_WIDTH - Length::points(4);
        let label = composer
            .shaper
            .fitted_line(label, theme::LABEL, label_width)?;
        stack.line_at(label, page::INFO_LEFT, META_LABEL_WIDTH, Align::Left, top);
        let place = (value_left, value_width);
        composer.stack_text(stack, &value, theme::SMALL_BOLD, place, FIELD_LINES_MAX)?;
        stack.gap(Length::points(1));
    }
    Ok(())
}
