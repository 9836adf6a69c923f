//! The table of lines: each with its numbers, its texts, and what was taken off or added.

use super::columns::{AMOUNT, COLUMN_COUNT, Cells, Column, Columns, PRICE, align, header};
use super::compose::Composer;
use super::flow::{Row, Section};
use super::geometry::{Length, page};
use super::item::{Align, Stack};
use super::theme;
use crate::document::{Adjustment, Line};
use crate::error::RenderError;
use crate::i18n::{percent, plain_money, quantity, unit_name, unit_price};
use crate::text::{TextLine, TextStyle};
use invoiceapp_domain::money::Money;

const PADDING: Length = Length::points(4);
/// A line's row with more lines of text than this may go on over pages.
const ROW_LINES_MAX: usize = 14;
/// So many of them stay with the numbers then.
const ROW_HEAD_LINES: usize = 4;

/// What stands below the head of a line: more of its text, an allowance or charge with its amount.
struct Below {
    text: Option<TextLine>,
    amount: Option<TextLine>,
    /// Whether the amount is what the amounts above it come to.
    is_sum: bool,
}

/// The lines, as a section whose header is the names of the columns.
pub(crate) fn lines(composer: &mut Composer<'_>) -> Result<Section, RenderError> {
    let document = composer.document;
    let mut cells = Vec::with_capacity(document.lines.len());
    let mut sums = Length::ZERO;
    for (index, line) in document.lines.iter().enumerate() {
        cells.push(line_cells(composer, index, line)?);
        if is_adjusted(line) {
            let sum = plain_money(line.amount, document.locale);
            sums = sums.max(composer.line(&sum, theme::BODY)?.width);
        }
    }
    let columns = Columns::of(composer, &cells, sums)?;
    let header = header(composer, &columns)?;
    let mut rows = Vec::with_capacity(cells.len());
    for (line, cells) in document.lines.iter().zip(cells) {
        rows.extend(line_rows(composer, &columns, line, cells)?);
    }
    Ok(Section {
        header: Some(header),
        rows,
    })
}

/// The numbers of a line. With allowances or charges its amount is the one before them; they and
/// what is left stand below it.
fn line_cells(
    composer: &mut Composer<'_>,
    index: usize,
    line: &Line,
) -> Result<Cells, RenderError> {
    let document = composer.document;
    let locale = document.locale;
    let (amount, amount_style) = if is_adjusted(line) {
        (line.price_amount, grey_body())
    } else {
        (line.amount, theme::BODY)
    };
    let rate = composer.tax_rate(line.vat);
    let mut cell = |text: &str, style| composer.shaper.line(text, style);
    Ok([
        cell(&(index + 1).to_string(), grey_body())?,
        cell(&quantity(line.quantity, locale), theme::BODY)?,
        cell(unit_name(&line.unit_code, locale), theme::BODY)?,
        cell(
            &unit_price(line.unit_price, document.currency, locale),
            theme::BODY,
        )?,
        cell(&rate, theme::BODY)?,
        cell(&plain_money(amount, locale), amount_style)?,
    ])
}

const fn is_adjusted(line: &Line) -> bool {
    !line.allowances.is_empty() || !line.charges.is_empty()
}

/// The rows of one line: one, unless its text is very long.
fn line_rows(
    composer: &mut Composer<'_>,
    columns: &Columns,
    line: &Line,
    cells: Cells,
) -> Result<Vec<Row>, RenderError> {
    let mut texts = description(composer, columns, line)?;
    let adjustments = adjustments(composer, columns, line)?;
    let may_part = texts.len() + adjustments.len() > ROW_LINES_MAX;
    let head = if may_part { ROW_HEAD_LINES } else { usize::MAX };
    let rest = texts.split_off(texts.len().min(head));
    let mut stack = Stack::default();
    stack.gap(PADDING);
    head_of_line(composer, &mut stack, columns, (texts, cells), line)?;
    let rest = rest.into_iter().map(|text| Below {
        text: Some(text),
        amount: None,
        is_sum: false,
    });
    let mut rows = Vec::new();
    for one in rest.chain(adjustments) {
        if may_part {
            rows.push(Row::of(std::mem::take(&mut stack)));
        }
        put(&mut stack, columns, one);
    }
    stack.gap(PADDING);
    stack.rule(
        page::LEFT,
        page::CONTENT_WIDTH,
        theme::HAIRLINE,
        theme::HAIRLINE_COLOUR,
    );
    // The last two lines of a long text stay together.
    if let Some(row) = rows.last_mut() {
        row.keep_with_next = true;
    }
    rows.push(Row::of(stack));
    Ok(rows)
}

/// Number, texts and figures, in the order in which a person reads, because that is the order in
/// which text is copied.
fn head_of_line(
    composer: &mut Composer<'_>,
    stack: &mut Stack,
    columns: &Columns,
    (texts, cells): (Vec<TextLine>, Cells),
    line: &Line,
) -> Result<(), RenderError> {
    let mut cells = (0..COLUMN_COUNT).zip(cells);
    let place = columns.description;
    if let Some(position) = cells.next() {
        put_cell(stack, columns, position);
    }
    stack.lines(texts, place.left, place.width, Align::Left);
    for cell in cells {
        put_cell(stack, columns, cell);
    }
    let mut numbers_bottom = PADDING + theme::BODY.line_height;
    if let Some(per) = price_base(composer, line) {
        let Column { left, width } = columns.numbers[PRICE];
        let per = composer.line(&per, theme::LABEL)?.fitted(width);
        stack.line_at(per, left, width, Align::Right, numbers_bottom);
        numbers_bottom += theme::LABEL.line_height;
    }
    stack.bottom = stack.bottom.max(numbers_bottom);
    Ok(())
}

/// A number of a line, on the baseline of the line's first text.
fn put_cell(stack: &mut Stack, columns: &Columns, (index, cell): (usize, TextLine)) {
    let Column { left, width } = columns.numbers[index];
    let (cell, place) = (cell.fitted(width), (left, width));
    stack.line_on_baseline_of(theme::BODY, cell, place, align(index), PADDING);
}

const fn grey_body() -> TextStyle {
    TextStyle {
        colour: theme::LABEL.colour,
        ..theme::BODY
    }
}

/// Puts a text, and its amount where all amounts stand.
fn put(stack: &mut Stack, columns: &Columns, one: Below) {
    let (place, amounts) = (columns.description, columns.numbers[AMOUNT]);
    let top = stack.bottom;
    if one.is_sum {
        stack.rule(
            amounts.left,
            amounts.width,
            theme::HAIRLINE,
            theme::SUM_COLOUR,
        );
    }
    let mut bottom = top;
    if let Some(text) = one.text {
        bottom = top + stack.line_at(text, place.left, place.width, Align::Left, top);
    }
    if let Some(amount) = one.amount {
        let height = stack.line_at(amount, amounts.left, amounts.width, Align::Right, top);
        bottom = bottom.max(top + height);
    }
    stack.bottom = bottom;
}

/// `per 100 kg`, for a price of more than one.
fn price_base(composer: &Composer<'_>, line: &Line) -> Option<String> {
    let base = line.price_base_quantity?;
    let locale = composer.document.locale;
    let unit = unit_name(&line.unit_code, locale);
    Some(format!(
        "{} {} {unit}",
        composer.labels.per,
        quantity(base, locale)
    ))
}

/// Name and description.
fn description(
    composer: &mut Composer<'_>,
    columns: &Columns,
    line: &Line,
) -> Result<Vec<TextLine>, RenderError> {
    let width = columns.description.width;
    let mut lines = composer.shaper.wrap(&line.name, theme::BODY, width)?;
    if let Some(text) = &line.description {
        lines.extend(composer.shaper.wrap(text, theme::LABEL, width)?);
    }
    Ok(lines)
}

/// What was taken off a line or added to it, and what it comes to then: one column of amounts from
/// the price's to the line's, that adds up.
fn adjustments(
    composer: &mut Composer<'_>,
    columns: &Columns,
    line: &Line,
) -> Result<Vec<Below>, RenderError> {
    if !is_adjusted(line) {
        return Ok(Vec::new());
    }
    let labels = composer.labels;
    let allowances = line.allowances.iter();
    let allowances = allowances.map(|one| (labels.allowance, one, one.amount.negated()));
    let charges = line.charges.iter();
    let charges = charges.map(|one| (labels.charge, one, one.amount));
    let mut lines = Vec::new();
    for (label, adjustment, amount) in allowances.chain(charges) {
        let text = composer.adjustment_text(label, adjustment);
        let mut amount = Some(amount_line(composer, columns, (amount, theme::LABEL))?);
        let width = columns.description.width;
        let texts = composer.shaper.wrap(&text, theme::LABEL, width)?;
        lines.extend(texts.into_iter().map(|text| Below {
            text: Some(text),
            amount: amount.take(),
            is_sum: false,
        }));
    }
    lines.push(Below {
        text: None,
        amount: Some(amount_line(composer, columns, (line.amount, theme::BODY))?),
        is_sum: true,
    });
    Ok(lines)
}

fn amount_line(
    composer: &mut Composer<'_>,
    columns: &Columns,
    (amount, style): (Money, TextStyle),
) -> Result<TextLine, RenderError> {
    let text = plain_money(amount, composer.document.locale);
    Ok(composer
        .line(&text, style)?
        .fitted(columns.numbers[AMOUNT].width))
}

impl Composer<'_> {
    /// `Discount 4%: volume`.
    pub(super) fn adjustment_text(&self, label: &str, adjustment: &Adjustment) -> String {
        let rate = adjustment
            .percent
            .map(|rate| percent(rate, self.document.locale));
        let rate = rate.map(|rate| format!(" {rate}")).unwrap_or_default();
        if adjustment.reason.trim().is_empty() {
            format!("{label}{rate}")
        } else {
            format!("{label}{rate}: {}", adjustment.reason)
        }
    }
}
