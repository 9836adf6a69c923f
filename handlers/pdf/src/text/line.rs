//! A laid out line: glyphs in visual order.

use super::font::{FontFace, Weight};
use super::shape::Glyph;
use super::style::TextStyle;
use crate::layout::Length;

/// Glyphs of one font, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GlyphRun {
    pub(crate) font: FontFace,
    pub(crate) glyphs: Vec<Glyph>,
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
}
