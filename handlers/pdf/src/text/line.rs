//! A laid out line: shaped words in visual order.

use std::sync::Arc;

use super::font::{FontFace, Weight};
use super::shape::{Glyph, Shaped};
use super::style::TextStyle;
use crate::layout::Length;

/// Words of one font, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GlyphRun {
    pub(crate) font: FontFace,
    pub(crate) words: Vec<Arc<Shaped>>,
}

impl GlyphRun {
    pub(crate) fn glyphs(&self) -> impl Iterator<Item = &Glyph> {
        self.words.iter().flat_map(|word| &word.glyphs)
    }
}

/// One line, ready to be drawn from its left end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextLine {
    pub(crate) style: TextStyle,
    pub(crate) width: Length,
    pub(crate) runs: Vec<GlyphRun>,
    /// Whether the paragraph runs from right to left.
    pub(crate) right_to_left: bool,
}

impl TextLine {
    /// Whether a run has to be drawn bold with a stroke.
    pub(crate) fn is_stroked(&self, run: &GlyphRun) -> bool {
        self.style.weight == Weight::Bold && run.font.has_no_bold()
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = &Shaped> {
        let words = self.runs.iter().flat_map(|run| &run.words);
        words.map(Arc::as_ref)
    }

    /// The same line, in a smaller size if it is too wide for its own.
    pub(crate) fn fitted(self, width: Length) -> Self {
        if self.width <= width || self.width <= Length::ZERO {
            return self;
        }
        let size = Length(self.style.size.0.saturating_mul(width.0) / self.width.0);
        let advance = self.words().map(|word| word.advance).sum();
        Self {
            style: self.style.sized(size),
            width: size.of_thousandths(advance),
            ..self
        }
    }
}
