//! What follows the lines: the VAT breakdown at the left, the totals at the right.

use super::compose::Composer;
use super::flow::Row;
use super::geometry::{Length, page};
use super::item::{Align, Item, Stack};
use super::theme;
use crate::error::RenderError;
use crate::i18n::{money, plain_money};
use crate::text::{TextLine, TextStyle};
use invoiceapp_domain::invoice::DocumentType;
use invoiceapp_domain::tax::{TaxBreakdown, VatCategory};

const TOTALS_WIDTH: Length = Length::mm(80);
const TOTALS_LEFT: Length = Length(page::RIGHT.0 - TOTALS_WIDTH.0);
/// Widest that the column of amounts gets.
const AMOUNT_WIDTH_MAX: Length = Length::mm(38);
const BREAKDOWN_WIDTH: Length = Length::mm(78);
/// Widest that its columns of amounts get.
const BREAKDOWN_AMOUNT_WIDTH_MAX: Length = Length::points(84);
/// Most lines of a label: room for the longest reason of an allowance.
const LABEL_LINES_MAX: usize = 24;
const PANEL_PADDING: Length = Length::points(5);
/// With more rows than this, both blocks go below each other and may part over pages.
const ROWS_SIDE_BY_SIDE_MAX: usize = 24;

/// One row of the totals.
struct Total {
    label: String,
    amount: String,
    style: TextStyle,
}

/// The rows after the lines.
pub(crate) fn rows(composer: &mut Composer<'_>) -> Result<Vec<Row>, RenderError> {
    let totals = totals(composer);
    let breakdown_len = composer.document.tax_breakdown.len();
    let totals = total_rows(composer, totals)?;
    let breakdown = breakdown(composer)?;
    let mut rows = vec![Row::gap(Length::points(14)).kept()];
    if totals.len().max(breakdown_len) > ROWS_SIDE_BY_SIDE_MAX {
        rows.extend(breakdown);
        rows.push(Row::gap(Length::points(10)));
        rows.extend(totals);
        return Ok(rows);
    }
    let mut both = Stack::default();
    for column in [breakdown, totals] {
        let mut y = Length::ZERO;
        for row in column {
            let items = row
                .items
                .into_iter()
                .map(|item| item.moved(Length::ZERO, y));
            both.items.extend(items);
            y += row.height;
        }
        both.bottom = both.bottom.max(y);
    }
    rows.push(Row::of(both));
    Ok(rows)
}

/// From the sum of the lines to the total with VAT. Rows that would only repeat one are left out.
fn totals(composer: &Composer<'_>) -> Vec<Total> {
    let document = composer.document;
    let labels = composer.labels;
    let totals = &document.totals;
    let plain = |label: &str, amount| Total {
        label: label.to_owned(),
        amount: money(amount, document.locale),
        style: theme::BODY,
    };
    let mut rows = Vec::new();
    if !document.allowances.is_empty() || !document.charges.is_empty() {
        rows.push(plain(labels.line_total, totals.line_net));
    }
    for one in &document.allowances {
        let label = composer.adjustment_text(labels.allowance, one);
        rows.push(plain(&label, one.amount.negated()));
    }
    for one in &document.charges {
        rows.push(plain(
            &composer.adjustment_text(labels.charge, one),
            one.amount,
        ));
    }
    rows.push(plain(labels.tax_exclusive, totals.tax_exclusive));
    let taxed: Vec<&TaxBreakdown> = document
        .tax_breakdown
        .iter()
        .filter(|row| row.vat.category() == VatCategory::Standard)
        .collect();
    match taxed.as_slice() {
        [only] => rows.push(plain(&composer.tax_name(only.vat), totals.tax)),
        _ => rows.push(plain(labels.tax, totals.tax)),
    }
    rows.push(Total {
        style: theme::BODY_BOLD,
        ..plain(labels.tax_inclusive, totals.tax_inclusive)
    });
    if !totals.prepaid.is_zero() {
        rows.push(plain(labels.prepaid, totals.prepaid.negated()));
    }
    if !totals.rounding.is_zero() {
        rows.push(plain(labels.rounding, totals.rounding));
    }
    rows
}

fn total_rows(composer: &mut Composer<'_>, totals: Vec<Total>) -> Result<Vec<Row>, RenderError> {
    let mut amount_width = Length::ZERO;
    for total in &totals {
        amount_width = amount_width.max(composer.line(&total.amount, total.style)?.width);
    }
    let amount_width = amount_width.min(AMOUNT_WIDTH_MAX);
    let inner_left = TOTALS_LEFT + PANEL_PADDING;
    let amount_left = page::RIGHT - PANEL_PADDING - amount_width;
    let label_width = amount_left - Length::points(10) - inner_left;
    let mut rows = Vec::new();
    for total in totals {
        let mut stack = Stack::default();
        let place = (inner_left, label_width);
        composer.stack_text(
            &mut stack,
            &total.label,
            total.style,
            place,
            LABEL_LINES_MAX,
        )?;
        let amount = composer
            .shaper
            .fitted_line(&total.amount, total.style, amount_width)?;
        let place = (amount_left, amount_width);
        stack.line_on_baseline_of(total.style, amount, place, Align::Right, Length::ZERO);
        stack.gap(Length::points(2));
        rows.push(Row::of(stack));
    }
    rows.push(payable(composer)?);
    // The amount due never stands alone at the top of a page.
    let tied = rows.len().saturating_sub(3);
    let last = rows.len().saturating_sub(1);
    for row in &mut rows[tied..last] {
        row.keep_with_next = true;
    }
    Ok(rows)
}

/// The amount due, on its panel.
fn payable(composer: &mut Composer<'_>) -> Result<Row, RenderError> {
    let document = composer.document;
    let label = match document.document_type {
        DocumentType::Invoice => composer.labels.payable,
        DocumentType::CreditNote => composer.labels.credited,
    };
    let inner = TOTALS_WIDTH - PANEL_PADDING * 2;
    let amount = money(document.totals.payable, document.locale);
    let amount = composer
        .shaper
        .fitted_line(&amount, theme::PAYABLE, inner * 6 / 10)?;
    let label_width = inner - amount.width - Length::points(8);
    let label = composer
        .shaper
        .fitted_line(label, theme::PAYABLE, label_width)?;
    let mut stack = Stack::default();
    stack.gap(Length::points(2));
    let (x, y, width) = (TOTALS_LEFT, stack.bottom, TOTALS_WIDTH);
    let height = theme::PAYABLE.line_height + PANEL_PADDING * 2;
    stack.items.push(Item::Fill {
        x,
        y,
        width,
        height,
        colour: theme::PANEL_COLOUR,
    });
    let colour = theme::RULE_COLOUR;
    stack.items.push(Item::Fill {
        x,
        y,
        width,
        height: theme::RULE,
        colour,
    });
    let top = y + PANEL_PADDING;
    let place = (x + PANEL_PADDING, inner);
    stack.line_on_baseline_of(theme::PAYABLE, label, place, Align::Left, top);
    stack.line_on_baseline_of(theme::PAYABLE, amount, place, Align::Right, top);
    stack.gap(height);
    Ok(Row::of(stack))
}

/// The VAT breakdown (BG-23).
fn breakdown(composer: &mut Composer<'_>) -> Result<Vec<Row>, RenderError> {
    let document = composer.document;
    if document.tax_breakdown.is_empty() {
        return Ok(Vec::new());
    }
    let labels = composer.labels;
    let locale = document.locale;
    let mut widths = [Length::ZERO; 2];
    for (width, label) in widths
        .iter_mut()
        .zip([labels.taxable_amount, labels.tax_amount])
    {
        *width = composer.line(label, theme::COLUMN)?.width;
    }
    for row in &document.tax_breakdown {
        for (width, amount) in widths.iter_mut().zip([row.taxable_amount, row.tax_amount]) {
            let natural = composer
                .line(&plain_money(amount, locale), theme::SMALL)?
                .width;
            *width = (*width).max(natural).min(BREAKDOWN_AMOUNT_WIDTH_MAX);
        }
    }
    let [taxable_width, tax_width] = widths;
    let tax_left = page::LEFT + BREAKDOWN_WIDTH - tax_width;
    let taxable_left = tax_left - Length::points(10) - taxable_width;
    let label_width = taxable_left - Length::points(8) - page::LEFT;
    let columns = Breakdown {
        taxable: (taxable_left, taxable_width),
        tax: (tax_left, tax_width),
    };
    let mut rows = vec![columns.header(composer, label_width)?];
    for row in &document.tax_breakdown {
        rows.push(columns.row(composer, label_width, row)?);
    }
    Ok(rows)
}

struct Breakdown {
    taxable: (Length, Length),
    tax: (Length, Length),
}

impl Breakdown {
    fn header(&self, composer: &mut Composer<'_>, label_width: Length) -> Result<Row, RenderError> {
        let labels = composer.labels;
        let mut stack = Stack::default();
        let fitted = |composer: &mut Composer<'_>, text: &str, width| {
            composer.shaper.fitted_line(text, theme::COLUMN, width)
        };
        let heading = fitted(composer, labels.tax_breakdown, label_width)?;
        let taxable = fitted(composer, labels.taxable_amount, self.taxable.1)?;
        let tax = fitted(composer, labels.tax_amount, self.tax.1)?;
        stack.lines(vec![heading], page::LEFT, label_width, Align::Left);
        self.amounts(&mut stack, taxable, tax);
        stack.gap(Length::points(2));
        stack.rule(
            page::LEFT,
            BREAKDOWN_WIDTH,
            theme::HAIRLINE,
            theme::RULE_COLOUR,
        );
        stack.gap(Length::points(3));
        Ok(Row::of(stack).kept())
    }

    fn row(
        &self,
        composer: &mut Composer<'_>,
        label_width: Length,
        row: &TaxBreakdown,
    ) -> Result<Row, RenderError> {
        let locale = composer.document.locale;
        let mut amount = |value, width| {
            let text = plain_money(value, locale);
            composer.shaper.fitted_line(&text, theme::SMALL, width)
        };
        let taxable = amount(row.taxable_amount, self.taxable.1)?;
        let tax = amount(row.tax_amount, self.tax.1)?;
        let mut stack = Stack::default();
        let place = (page::LEFT, label_width);
        let name = composer.tax_name(row.vat);
        composer.stack_text(&mut stack, &name, theme::SMALL, place, LABEL_LINES_MAX)?;
        self.amounts(&mut stack, taxable, tax);
        if let Some(text) = composer.tax_category(row.vat.category()) {
            let place = (page::LEFT, BREAKDOWN_WIDTH);
            composer.stack_text(&mut stack, text, theme::LABEL, place, LABEL_LINES_MAX)?;
        }
        stack.gap(Length::points(2));
        Ok(Row::of(stack))
    }

    fn amounts(&self, stack: &mut Stack, taxable: TextLine, tax: TextLine) {
        for (line, (left, width)) in [(taxable, self.taxable), (tax, self.tax)] {
            stack.line_at(line, left, width, Align::Right, Length::ZERO);
        }
    }
}
