//! The columns of the table of lines: as wide as their numbers and names, the rest for the
//! description.

use super::compose::Composer;
use super::flow::Row;
use super::geometry::{Length, page};
use super::item::{Align, Stack};
use super::theme;
use crate::error::RenderError;
use crate::text::TextLine;
use invoiceapp_domain::tax::PriceMode;

/// The numbers of a line, one per column.
pub(super) type Cells = [TextLine; COLUMN_COUNT];

/// Room between two columns.
const GAP: Length = Length::points(12);
/// Room between a quantity and its unit.
const UNIT_GAP: Length = Length::points(3);
/// Widest that the name of a column stands on one line; a longer one is spread over two.
const HEADER_WIDTH_MAX: Length = Length::points(58);
/// Most lines of a column's name: room for one of as many words.
const HEADER_LINES_MAX: usize = 6;

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
pub(super) const COLUMN_COUNT: usize = 6;
const POSITION: usize = 0;
const QUANTITY: usize = 1;
const UNIT: usize = 2;
pub(super) const PRICE: usize = 3;
const TAX: usize = 4;
pub(super) const AMOUNT: usize = 5;

type Widths = [Length; COLUMN_COUNT];

/// Where a column stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Column {
    pub(super) left: Length,
    pub(super) width: Length,
}

/// All of them.
pub(super) struct Columns {
    pub(super) numbers: [Column; COLUMN_COUNT],
    pub(super) description: Column,
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

impl Columns {
    /// As wide as their numbers and names, and the last one at least as wide as `amounts`.
    pub(super) fn of(
        composer: &mut Composer<'_>,
        cells: &[Cells],
        amounts: Length,
    ) -> Result<Self, RenderError> {
        let mut widths = [Length::ZERO; COLUMN_COUNT];
        for (width, text) in widths.iter_mut().zip(header_texts(composer)) {
            *width = header_width(composer, text)?;
        }
        for cells in cells {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.width);
            }
        }
        widths[AMOUNT] = widths[AMOUNT].max(amounts);
        let columns = placed(at_most(widths, WIDTHS_MAX));
        if columns.description.width >= DESCRIPTION_WIDTH_MIN {
            return Ok(columns);
        }
        Ok(placed(at_most(widths, TIGHT_WIDTHS_MAX)))
    }
}

fn at_most(mut widths: Widths, most: Widths) -> Widths {
    for (width, most) in widths.iter_mut().zip(most) {
        *width = (*width).min(most);
    }
    widths
}

/// The least width in which the name of a column takes one line, or two if it is long.
fn header_width(composer: &mut Composer<'_>, text: &str) -> Result<Length, RenderError> {
    let whole = composer.line(text, theme::COLUMN)?.width;
    if whole <= HEADER_WIDTH_MAX {
        return Ok(whole);
    }
    let mut least = whole;
    for (space, _) in text.match_indices(' ') {
        let first = composer.line(&text[..space], theme::COLUMN)?.width;
        let second = composer.line(&text[space..], theme::COLUMN)?.width;
        least = least.min(first.max(second));
    }
    Ok(least)
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

pub(super) const fn align(column: usize) -> Align {
    if column == UNIT || column == POSITION {
        Align::Left
    } else {
        Align::Right
    }
}

/// The names of the columns, on their rule.
pub(super) fn header(composer: &mut Composer<'_>, columns: &Columns) -> Result<Row, RenderError> {
    let names = header_texts(composer);
    let mut cells = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        let column = columns.numbers[index];
        let lines =
            composer
                .shaper
                .wrap_at_most(name, theme::COLUMN, column.width, HEADER_LINES_MAX)?;
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
