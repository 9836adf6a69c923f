//! From text to lines of positioned glyphs: cleaning, choice of font, bidi, shaping, line breaks.

mod clean;
mod font;
mod itemise;
mod line;
mod shape;
mod style;
mod words;
mod wrap;

pub(crate) use font::{FontFace, Fonts, Weight};
pub(crate) use line::{GlyphRun, TextLine};
pub(crate) use shape::Shaper;
pub(crate) use style::{Colour, TextStyle};
