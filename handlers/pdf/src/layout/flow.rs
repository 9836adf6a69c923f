//! Distributes rows over pages: a section's header comes again on every page, rows that belong
//! together stay together as long as a page can hold them.

use super::geometry::{Length, page};
use super::item::{Item, Page, Stack};
use crate::error::RenderError;

/// Most pages of one document.
pub(crate) const PAGES_MAX: usize = 5_000;

/// A piece that no page break divides.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) items: Vec<Item>,
    pub(crate) height: Length,
    /// Whether a page must not end after it.
    pub(crate) keep_with_next: bool,
}

impl Row {
    /// A row of what was stacked.
    pub(crate) fn of(stack: Stack) -> Self {
        Self {
            items: stack.items,
            height: stack.bottom,
            keep_with_next: false,
        }
    }

    /// The same row, tied to the one after it.
    pub(crate) fn kept(self) -> Self {
        Self {
            keep_with_next: true,
            ..self
        }
    }

    /// Room between two things.
    pub(crate) const fn gap(height: Length) -> Self {
        Self {
            items: Vec::new(),
            height,
            keep_with_next: false,
        }
    }
}

/// Rows under a header.
#[derive(Debug, Clone, Default)]
pub(crate) struct Section {
    /// Comes first, and again on each page that the section goes on to.
    pub(crate) header: Option<Row>,
    pub(crate) rows: Vec<Row>,
}

/// The heights between which rows are placed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body {
    /// Where the first page's body begins.
    pub(crate) first_top: Length,
    /// Where every body ends.
    pub(crate) bottom: Length,
}

/// Places all sections.
pub(crate) fn paginate(sections: Vec<Section>, body: Body) -> Result<Vec<Page>, RenderError> {
    let mut pages = Pages {
        done: Vec::new(),
        current: Page::default(),
        y: body.first_top,
        body,
    };
    for section in sections {
        pages.place(section)?;
    }
    pages.finish()
}

struct Pages {
    done: Vec<Page>,
    current: Page,
    y: Length,
    body: Body,
}

impl Pages {
    fn place(&mut self, section: Section) -> Result<(), RenderError> {
        let Section { header, rows } = section;
        let header_height = header.as_ref().map_or(Length::ZERO, |header| header.height);
        let capacity = self.body.bottom - page::CONTINUATION_TOP - header_height;
        let mut header_is_due = header.is_some();
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let group = take_group(&mut rows, capacity);
            let height: Length = group.iter().map(|row| row.height).sum();
            let due = if header_is_due {
                header_height
            } else {
                Length::ZERO
            };
            if self.y + due + height > self.body.bottom && self.has_content() {
                self.break_page()?;
                header_is_due = header.is_some();
            }
            if let Some(header) = header.as_ref().filter(|_| header_is_due) {
                self.put(header.clone());
                header_is_due = false;
            }
            group.into_iter().for_each(|row| self.put(row));
        }
        Ok(())
    }

    /// Room at the top of a page would only push things down.
    fn put(&mut self, row: Row) {
        if row.items.is_empty() && !self.has_content() && !self.done.is_empty() {
            return;
        }
        let down = self.y;
        let items = row
            .items
            .into_iter()
            .map(|item| item.moved(Length::ZERO, down));
        self.current.items.extend(items);
        self.y += row.height;
    }

    fn has_content(&self) -> bool {
        !self.current.items.is_empty()
    }

    fn break_page(&mut self) -> Result<(), RenderError> {
        if self.done.len() + 1 >= PAGES_MAX {
            return Err(RenderError::TooLarge { limit: "PAGES_MAX" });
        }
        self.done.push(std::mem::take(&mut self.current));
        self.y = page::CONTINUATION_TOP;
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Page>, RenderError> {
        self.done.push(self.current);
        Ok(self.done)
    }
}

/// The next rows that belong together; no more than a page holds, because then they must part.
fn take_group(
    rows: &mut std::iter::Peekable<std::vec::IntoIter<Row>>,
    capacity: Length,
) -> Vec<Row> {
    let mut group: Vec<Row> = Vec::new();
    let mut height = Length::ZERO;
    while let Some(row) = rows.next_if(|row| group.is_empty() || height + row.height <= capacity) {
        height += row.height;
        let goes_on = row.keep_with_next;
        group.push(row);
        if !goes_on {
            break;
        }
    }
    group
}
