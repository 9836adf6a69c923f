//! What a page is drawn from.

use super::geometry::Length;
use crate::text::{Colour, TextLine, TextStyle};

/// Something drawn at a place; `x` and `y` count from the left and the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// A line of text by its left end and baseline.
    Text {
        x: Length,
        baseline: Length,
        line: TextLine,
    },
    /// A filled rectangle; a thin one is a rule.
    Fill {
        x: Length,
        y: Length,
        width: Length,
        height: Length,
        colour: Colour,
    },
    /// The logo.
    Logo {
        x: Length,
        y: Length,
        width: Length,
        height: Length,
    },
    /// Large text across the page, behind everything; `x` and `baseline` are its turning point.
    Watermark {
        x: Length,
        baseline: Length,
        line: TextLine,
    },
}

impl Item {
    /// The same thing elsewhere.
    pub(crate) fn moved(mut self, right: Length, down: Length) -> Self {
        match &mut self {
            Self::Text { x, baseline: y, .. }
            | Self::Watermark { x, baseline: y, .. }
            | Self::Fill { x, y, .. }
            | Self::Logo { x, y, .. } => {
                *x += right;
                *y += down;
            }
        }
        self
    }
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
}

impl Page {
    /// The lines of text on it.
    pub(crate) fn text_lines(&self) -> impl Iterator<Item = &TextLine> {
        self.items.iter().filter_map(|item| match item {
            Item::Text { line, .. } | Item::Watermark { line, .. } => Some(line),
            Item::Fill { .. } | Item::Logo { .. } => None,
        })
    }
}

/// Where a line stands in its box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
    /// Left, or right for a paragraph that runs from right to left.
    Start,
}

/// Lines put one below the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stack {
    pub(crate) items: Vec<Item>,
    /// Where the next thing goes: also the height of what is there.
    pub(crate) bottom: Length,
}

impl Stack {
    /// Adds lines in a box.
    pub(crate) fn lines(
        &mut self,
        lines: Vec<TextLine>,
        left: Length,
        width: Length,
        align: Align,
    ) {
        for line in lines {
            let height = self.line_at(line, left, width, align, self.bottom);
            self.bottom += height;
        }
    }

    /// Puts one line at a height of its own; answers the height that it takes.
    pub(crate) fn line_at(
        &mut self,
        line: TextLine,
        left: Length,
        width: Length,
        align: Align,
        top: Length,
    ) -> Length {
        let is_right = match align {
            Align::Left => false,
            Align::Right => true,
            Align::Start => line.right_to_left,
        };
        let x = if is_right {
            left + width - line.width
        } else {
            left
        };
        let height = line.style.line_height;
        let baseline = top + line.style.baseline();
        self.items.push(Item::Text { x, baseline, line });
        height
    }

    /// Puts a line where one of `style` would have its baseline, whatever its own size.
    pub(crate) fn line_on_baseline_of(
        &mut self,
        style: TextStyle,
        line: TextLine,
        (left, width): (Length, Length),
        align: Align,
        top: Length,
    ) {
        let top = top + style.baseline() - line.style.baseline();
        self.line_at(line, left, width, align, top);
    }

    /// Leaves room.
    pub(crate) fn gap(&mut self, height: Length) {
        self.bottom += height;
    }

    /// A horizontal rule of the given thickness at the present height.
    pub(crate) fn rule(&mut self, x: Length, width: Length, thickness: Length, colour: Colour) {
        let y = self.bottom;
        self.items.push(Item::Fill {
            x,
            y,
            width,
            height: thickness,
            colour,
        });
    }
}
