//! Puts a document together: letterhead, lines, totals, payment, notes, foot of each page.

use super::flow::{Body, Row, Section, paginate};
use super::footer;
use super::geometry::{Length, page};
use super::item::{Align, Item, Page, Stack};
use super::{letterhead, payment, table, theme, totals};
use crate::document::{DOCUMENT_LINES_MAX, DOCUMENT_TEXT_BYTES_MAX, InvoiceDocument, Party};
use crate::error::RenderError;
use crate::i18n::{Labels, labels};
use crate::text::{Shaper, TextLine, TextStyle};
use invoiceapp_domain::invoice::DocumentType;

/// Paragraphs of a note are set in this part of the page.
const NOTE_WIDTH: Length = page::CONTENT_WIDTH;

/// What every part of the layout needs.
pub(crate) struct Composer<'a> {
    pub(crate) document: &'a InvoiceDocument,
    pub(crate) labels: &'static Labels,
    pub(crate) shaper: Shaper<'a>,
    /// Width and height of the logo in pixels, when there is one.
    pub(crate) logo_pixels: Option<(u32, u32)>,
}

impl<'a> Composer<'a> {
    pub(crate) fn new(
        document: &'a InvoiceDocument,
        shaper: Shaper<'a>,
        logo_pixels: Option<(u32, u32)>,
    ) -> Self {
        Self {
            document,
            labels: labels(document.locale),
            shaper,
            logo_pixels,
        }
    }

    /// What the document is called, with its number.
    pub(crate) fn title(&self) -> String {
        let labels = self.labels;
        let kind = match self.document.document_type {
            DocumentType::Invoice => labels.invoice,
            DocumentType::CreditNote => labels.credit_note,
        };
        let mut title = kind.to_owned();
        if let Some(number) = &self.document.number {
            title.push(' ');
            title.push_str(number);
        }
        if self.document.draft {
            title.push_str(" – ");
            title.push_str(labels.draft);
        }
        title
    }

    pub(crate) fn line(&mut self, text: &str, style: TextStyle) -> Result<TextLine, RenderError> {
        self.shaper.line(text, style)
    }

    /// A text in at most `lines_max` lines, stacked at the left.
    pub(crate) fn stack_text(
        &mut self,
        stack: &mut Stack,
        text: &str,
        style: TextStyle,
        (left, width): (Length, Length),
        lines_max: usize,
    ) -> Result<(), RenderError> {
        let lines = self.shaper.wrap_at_most(text, style, width, lines_max)?;
        stack.lines(lines, left, width, Align::Left);
        Ok(())
    }
}

/// Lays a document out.
pub(crate) fn compose(composer: &mut Composer<'_>) -> Result<Vec<Page>, RenderError> {
    check_limits(composer.document)?;
    let letterhead = letterhead::first_page(composer)?;
    let footer = footer::build(composer)?;
    let body = Body {
        first_top: letterhead.bottom,
        bottom: footer.top - Length::points(12),
    };
    let sections = sections(composer)?;
    let mut pages = paginate(sections, body)?;
    let count = pages.len();
    let continuation = letterhead::following_pages(composer)?;
    let watermark = watermark(composer)?;
    for (index, page) in pages.iter_mut().enumerate() {
        let mut items: Vec<Item> = watermark.iter().cloned().collect();
        items.extend(if index == 0 {
            letterhead.items.clone()
        } else {
            continuation.clone()
        });
        items.append(&mut page.items);
        items.extend(footer.items.iter().cloned());
        items.push(footer::page_number(composer, &footer, index + 1, count)?);
        page.items = items;
    }
    Ok(pages)
}

fn sections(composer: &mut Composer<'_>) -> Result<Vec<Section>, RenderError> {
    let mut lines = table::lines(composer)?;
    let totals = totals::rows(composer)?;
    // The totals never stand alone on a page: the last line goes with them.
    if let Some(last) = lines.rows.last_mut() {
        last.keep_with_next = true;
    }
    lines.rows.extend(totals);
    let mut sections = vec![lines];
    if let Some(row) = payment::row(composer)? {
        sections.push(Section {
            header: None,
            rows: vec![row],
        });
    }
    sections.extend(notes(composer)?);
    Ok(sections)
}

/// The note, line by line, so that a long one goes on over pages.
fn notes(composer: &mut Composer<'_>) -> Result<Option<Section>, RenderError> {
    let Some(note) = &composer.document.note else {
        return Ok(None);
    };
    let lines = composer.shaper.wrap(note, theme::BODY, NOTE_WIDTH)?;
    if lines.is_empty() {
        return Ok(None);
    }
    let heading = composer.line(composer.labels.note, theme::HEADING)?;
    let mut stack = Stack::default();
    stack.gap(Length::points(14));
    stack.lines(vec![heading], page::LEFT, NOTE_WIDTH, Align::Left);
    stack.gap(Length::points(2));
    let mut rows = vec![Row::of(stack).kept()];
    let count = lines.len();
    for (index, line) in lines.into_iter().enumerate() {
        let mut stack = Stack::default();
        stack.lines(vec![line], page::LEFT, NOTE_WIDTH, Align::Start);
        let row = Row::of(stack);
        // No single line of a paragraph is left behind or sent ahead.
        let is_tied = index == 0 || index + 2 == count;
        rows.push(if is_tied && index + 1 < count {
            row.kept()
        } else {
            row
        });
    }
    Ok(Some(Section { header: None, rows }))
}

/// The mark of a draft, centred on the page's diagonal.
fn watermark(composer: &mut Composer<'_>) -> Result<Option<Item>, RenderError> {
    if !composer.document.draft {
        return Ok(None);
    }
    let text = composer.labels.draft.to_uppercase();
    let line = composer
        .shaper
        .fitted_line(&text, theme::DRAFT, Length::points(480))?;
    // Half of the text's width, along each axis of a direction of 45 degrees.
    let half = line.width * 3_536 / 10_000;
    let sink = line.style.size * 25 / 100;
    let x = page::WIDTH / 2 - half + sink;
    let baseline = page::HEIGHT / 2 + half + sink;
    Ok(Some(Item::Watermark { x, baseline, line }))
}

fn check_limits(document: &InvoiceDocument) -> Result<(), RenderError> {
    if document.lines.len() > DOCUMENT_LINES_MAX {
        return Err(RenderError::TooLarge {
            limit: "DOCUMENT_LINES_MAX",
        });
    }
    let party = |party: &Party| {
        party.name.len() + party.city.len() + party.street.iter().map(String::len).sum::<usize>()
    };
    let lines = document.lines.iter().map(|line| {
        let description = line.description.as_ref().map_or(0, String::len);
        let reasons = line
            .allowances
            .iter()
            .chain(&line.charges)
            .map(|one| one.reason.len());
        line.name.len() + description + reasons.sum::<usize>()
    });
    let adjustments = document.allowances.iter().chain(&document.charges);
    let bytes = party(&document.seller)
        + party(&document.buyer)
        + document.note.as_ref().map_or(0, String::len)
        + lines.sum::<usize>()
        + adjustments.map(|one| one.reason.len()).sum::<usize>();
    if bytes > DOCUMENT_TEXT_BYTES_MAX {
        return Err(RenderError::TooLarge {
            limit: "DOCUMENT_TEXT_BYTES_MAX",
        });
    }
    Ok(())
}
