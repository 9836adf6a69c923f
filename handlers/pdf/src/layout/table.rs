//! The table of lines: columns as wide as their numbers, the rest for the description.

use super::compose::Composer;
use super::flow::{Row, Section};
use super::geometry::{Length, page};
use super::item::{Align, Stack};
use super::theme;
use crate::document::{Adjustment, Line};
use crate::error::RenderError;
use crate::i18n::{percent, plain_money, quantity, unit_name, unit_price};
use crate::text::{TextLine, TextStyle};
use invoiceapp_domain::tax::PriceMode;

/// Room between two columns.
const GAP: Length = Length::points(12);
/// Room between a quantity and its unit.
const UNIT_GAP: Length = Length::points(3);
const PADDING: Length = Length::points(4);
/// Widest that the name of a column stands on one line.
const HEADER_WIDTH_MAX: Length = Length::points(58);
/// A line's row with more lines of text than this may go on over pages.
const ROW_LINES_MAX: usize = 14;
/// So many of them stay with the numbers then.
const ROW_HEAD_LINES: usize = 4;

/// Widest that a column of numbers gets; a longer number is set smaller.
const WIDTHS_MAX: Widths = [
    Length::points(26),
    Length::points(68),
    Length::points(48),
    Length::points(92),
    Length::points(48),
    Length::points(92),
];
/// The same, where the description would be left with less than [`DESCRIPTION_WIDTH_MIN`].
const TIGHT_WIDTHS_MAX: Widths = [
    Length::points(26),
    Length::points(50),
    Length::points(40),
    Length::points(64),
    Length::points(40),
    Length::points(74),
];
const DESCRIPTION_WIDTH_MIN: Length = Length::points(150);
const COLUMN_COUNT: usize = 6;
const POSITION: usize = 0;
const QUANTITY: usize = 1;
const UNIT: usize = 2;
const PRICE: usize = 3;
const TAX: usize = 4;
const AMOUNT: usize = 5;

type Texts = [String; COLUMN_COUNT];
type Widths = [Length; COLUMN_COUNT];

/// Where a column stands.
#[derive(Debug, Clone, Copy, Default)]
struct Column {
    left: Length,
    width: Length,
}

struct Columns {
    numbers: [Column; COLUMN_COUNT],
    description: Column,
}

/// A line of the description column, and an amount of its own beside it.
struct DescriptionLine {
    line: TextLine,
    amount: Option<TextLine>,
}

/// The lines, as a section whose header is the names of the columns.
pub(crate) fn lines(composer: &mut Composer<'_>) -> Result<Section, RenderError> {
    let document = composer.document;
    let texts: Vec<Texts> = document
        .lines
        .iter()
        .enumerate()
        .map(|(index, line)| texts(composer, index, line))
        .collect();
    let columns = columns(composer, &texts)?;
    let header = header(composer, &columns)?;
    let mut rows = Vec::with_capacity(texts.len());
    for (line, texts) in document.lines.iter().zip(&texts) {
        rows.extend(line_rows(composer, &columns, line, texts)?);
    }
    Ok(Section {
        header: Some(header),
        rows,
    })
}

fn texts(composer: &Composer<'_>, index: usize, line: &Line) -> Texts {
    let document = composer.document;
    let locale = document.locale;
    [
        (index + 1).to_string(),
        quantity(line.quantity, locale),
        unit_name(&line.unit_code, locale).to_owned(),
        unit_price(line.unit_price, document.currency, locale),
        composer.tax_rate(line.vat),
        plain_money(line.amount, locale),
    ]
}

fn header_texts(composer: &Composer<'_>) -> [&'static str; COLUMN_COUNT] {
    let labels = composer.labels;
    let (price, amount) = match composer.document.price_mode {
        PriceMode::Net => (labels.unit_price, labels.amount),
        PriceMode::Gross => (labels.unit_price_gross, labels.amount_gross),
    };
    [
        labels.position,
        labels.quantity,
        "",
        price,
        labels.tax,
        amount,
    ]
}

fn columns(composer: &mut Composer<'_>, texts: &[Texts]) -> Result<Columns, RenderError> {
    let mut widths = [Length::ZERO; COLUMN_COUNT];
    for (width, text) in widths.iter_mut().zip(header_texts(composer)) {
        *width = header_width(composer, text)?;
    }
    for texts in texts {
        for (width, text) in widths.iter_mut().zip(texts) {
            *width = (*width).max(composer.line(text, theme::BODY)?.width);
        }
    }
    let columns = placed(at_most(widths, WIDTHS_MAX));
    if columns.description.width >= DESCRIPTION_WIDTH_MIN {
        return Ok(columns);
    }
    Ok(placed(at_most(widths, TIGHT_WIDTHS_MAX)))
}

fn at_most(mut widths: Widths, most: Widths) -> Widths {
    for (width, most) in widths.iter_mut().zip(most) {
        *width = (*width).min(most);
    }
    widths
}

/// A long name of a column goes on several lines, and is as wide as its longest word.
fn header_width(composer: &mut Composer<'_>, text: &str) -> Result<Length, RenderError> {
    let whole = composer.line(text, theme::COLUMN)?.width;
    if whole <= HEADER_WIDTH_MAX {
        return Ok(whole);
    }
    let mut widest = Length::ZERO;
    for word in text.split(' ') {
        widest = widest.max(composer.line(word, theme::COLUMN)?.width);
    }
    Ok(widest)
}

/// From the right edge to the left: what the numbers leave is the description's.
fn placed(widths: Widths) -> Columns {
    let mut numbers = [Column::default(); COLUMN_COUNT];
    let mut right = page::RIGHT;
    for index in [AMOUNT, TAX, PRICE, UNIT, QUANTITY] {
        let left = right - widths[index];
        numbers[index] = Column {
            left,
            width: widths[index],
        };
        right = left - if index == UNIT { UNIT_GAP } else { GAP };
    }
    numbers[POSITION] = Column {
        left: page::LEFT,
        width: widths[POSITION],
    };
    let left = page::LEFT + widths[POSITION] + GAP;
    Columns {
        numbers,
        description: Column {
            left,
            width: right - left,
        },
    }
}

const fn align(column: usize) -> Align {
    if column == UNIT || column == POSITION {
        Align::Left
    } else {
        Align::Right
    }
}

fn header(composer: &mut Composer<'_>, columns: &Columns) -> Result<Row, RenderError> {
    let names = header_texts(composer);
    let mut cells = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        let column = columns.numbers[index];
        let lines = composer
            .shaper
            .wrap_at_most(name, theme::COLUMN, column.width, 3)?;
        cells.push((column, lines, align(index)));
        if index == POSITION {
            let description = composer.line(composer.labels.description, theme::COLUMN)?;
            cells.push((columns.description, vec![description], Align::Left));
        }
    }
    let line_count = cells
        .iter()
        .map(|(_, lines, _)| lines.len())
        .max()
        .unwrap_or(1);
    let line_height = theme::COLUMN.line_height;
    let height = line_height * i64::try_from(line_count).unwrap_or(1);
    let mut stack = Stack::default();
    for (column, lines, align) in cells {
        // Names stand on the rule, however many lines they have.
        stack.bottom = height - line_height * i64::try_from(lines.len()).unwrap_or(1);
        stack.lines(lines, column.left, column.width, align);
    }
    stack.bottom = height + Length::points(3);
    stack.rule(
        page::LEFT,
        page::CONTENT_WIDTH,
        theme::RULE,
        theme::RULE_COLOUR,
    );
    stack.gap(theme::RULE);
    Ok(Row::of(stack))
}

/// The rows of one line: one, unless its text is very long.
fn line_rows(
    composer: &mut Composer<'_>,
    columns: &Columns,
    line: &Line,
    texts: &Texts,
) -> Result<Vec<Row>, RenderError> {
    let description = description(composer, columns, line)?;
    let split_at = if description.len() > ROW_LINES_MAX {
        ROW_HEAD_LINES
    } else {
        description.len()
    };
    let mut description = description.into_iter();
    let mut stack = Stack::default();
    stack.gap(PADDING);
    // In the order in which a person reads, because that is the order in which text is copied.
    cell(composer, &mut stack, columns, (POSITION, &texts[POSITION]))?;
    for one in description.by_ref().take(split_at) {
        put(&mut stack, columns, one);
    }
    for index in [QUANTITY, UNIT, PRICE, TAX, AMOUNT] {
        cell(composer, &mut stack, columns, (index, &texts[index]))?;
    }
    let mut numbers_bottom = PADDING + theme::BODY.line_height;
    if let Some(per) = price_base(composer, line) {
        let column = columns.numbers[PRICE];
        let per = composer
            .shaper
            .fitted_line(&per, theme::LABEL, column.width)?;
        stack.line_at(per, column.left, column.width, Align::Right, numbers_bottom);
        numbers_bottom += theme::LABEL.line_height;
    }
    stack.bottom = stack.bottom.max(numbers_bottom);
    let mut rows = Vec::new();
    let rest: Vec<DescriptionLine> = description.collect();
    for one in rest {
        rows.push(Row::of(std::mem::take(&mut stack)));
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

/// A number of a line, on the baseline of the line's first text.
fn cell(
    composer: &mut Composer<'_>,
    stack: &mut Stack,
    columns: &Columns,
    (index, text): (usize, &str),
) -> Result<(), RenderError> {
    let Column { left, width } = columns.numbers[index];
    let style = if index == POSITION {
        grey_body()
    } else {
        theme::BODY
    };
    let line = composer.shaper.fitted_line(text, style, width)?;
    stack.line_on_baseline_of(theme::BODY, line, (left, width), align(index), PADDING);
    Ok(())
}

const fn grey_body() -> TextStyle {
    TextStyle {
        colour: theme::LABEL.colour,
        ..theme::BODY
    }
}

fn put(stack: &mut Stack, columns: &Columns, one: DescriptionLine) {
    let (column, top) = (columns.description, stack.bottom);
    stack.lines(vec![one.line], column.left, column.width, Align::Left);
    if let Some(amount) = one.amount {
        let price = columns.numbers[PRICE];
        stack.line_at(amount, price.left, price.width, Align::Right, top);
    }
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

/// Name, description, and what was taken off or added.
fn description(
    composer: &mut Composer<'_>,
    columns: &Columns,
    line: &Line,
) -> Result<Vec<DescriptionLine>, RenderError> {
    let width = columns.description.width;
    let plain = |line: TextLine| DescriptionLine { line, amount: None };
    let name = composer.shaper.wrap(&line.name, theme::BODY, width)?;
    let mut lines: Vec<DescriptionLine> = name.into_iter().map(plain).collect();
    if let Some(text) = &line.description {
        lines.extend(
            composer
                .shaper
                .wrap(text, theme::LABEL, width)?
                .into_iter()
                .map(plain),
        );
    }
    let labels = composer.labels;
    let adjustments = line
        .allowances
        .iter()
        .map(|one| (labels.allowance, one, true))
        .chain(line.charges.iter().map(|one| (labels.charge, one, false)));
    for (label, adjustment, is_negative) in adjustments {
        let text = composer.adjustment_text(label, adjustment);
        let amount = if is_negative {
            adjustment.amount.negated()
        } else {
            adjustment.amount
        };
        let amount = plain_money(amount, composer.document.locale);
        let price_width = columns.numbers[PRICE].width;
        let mut amount = Some(
            composer
                .shaper
                .fitted_line(&amount, theme::LABEL, price_width)?,
        );
        for line in composer.shaper.wrap(&text, theme::LABEL, width)? {
            lines.push(DescriptionLine {
                line,
                amount: amount.take(),
            });
        }
    }
    Ok(lines)
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
