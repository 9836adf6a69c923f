//! From text to lines of positioned glyphs: cleaning, choice of font, bidi, shaping, line breaks.

mod clean;
mod font;
mod itemise;
mod line;
mod shape;
mod style;
mod wrap;

pub use font::Assets;

pub(crate) use font::FontFace;
pub(crate) use font::Weight;
pub(crate) use line::{GlyphRun, TextLine};
pub(crate) use shape::{Glyph, GlyphTexts, Shaper};
pub(crate) use style::{Colour, TextStyle};
