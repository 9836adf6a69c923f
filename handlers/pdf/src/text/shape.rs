//! Shaping, with what was shaped before in the same document remembered: an invoice repeats its
//! words.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use rustybuzz::{BufferClusterLevel, Direction, GlyphBuffer, UnicodeBuffer, shape_with_plan};
use unicode_bidi::Level;

use super::font::{Assets, FONT_COUNT, FontFace, ShapingFont};
use crate::error::RenderError;

/// A glyph and how the pen moves around it, in thousandths of an em.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glyph {
    pub(crate) id: u16,
    /// Moves the pen right before the glyph.
    pub(crate) before: i64,
    /// Moves the pen left after the glyph, beyond the width that the file states.
    pub(crate) after: i64,
    /// Raises the glyph.
    pub(crate) rise: i64,
}

/// A shaped piece of text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shaped {
    pub(crate) glyphs: Vec<Glyph>,
    /// Its width, in thousandths of an em.
    pub(crate) advance: i64,
}

/// What the glyphs of a document say, per font.
pub(crate) type GlyphTexts = BTreeMap<FontFace, BTreeMap<u16, String>>;

/// Shapes the texts of one document.
pub(crate) struct Shaper<'a> {
    pub(crate) assets: &'a Assets,
    words: [HashMap<String, Rc<Shaped>>; FONT_COUNT * 2],
    texts: GlyphTexts,
    buffer: Option<UnicodeBuffer>,
}

impl<'a> Shaper<'a> {
    pub(crate) fn new(assets: &'a Assets) -> Self {
        Self {
            assets,
            words: std::array::from_fn(|_| HashMap::new()),
            texts: GlyphTexts::new(),
            buffer: None,
        }
    }

    /// What each glyph that was shaped stands for. A glyph has one text in a file; the first that
    /// it was used for is kept.
    pub(crate) fn into_glyph_texts(self) -> GlyphTexts {
        self.texts
    }

    /// Shapes a piece of one font and level.
    pub(crate) fn shape(
        &mut self,
        text: &str,
        font: FontFace,
        level: Level,
    ) -> Result<Rc<Shaped>, RenderError> {
        let slot = font.index() * 2 + usize::from(level.is_rtl());
        if let Some(shaped) = self.words[slot].get(text) {
            return Ok(Rc::clone(shaped));
        }
        let shaped = Rc::new(self.shape_anew(text, font, level)?);
        self.words[slot].insert(text.to_owned(), Rc::clone(&shaped));
        Ok(shaped)
    }

    fn shape_anew(
        &mut self,
        text: &str,
        font: FontFace,
        level: Level,
    ) -> Result<Shaped, RenderError> {
        let loaded = self.assets.shaping(font)?;
        let mut buffer = self.buffer.take().unwrap_or_default();
        buffer.push_str(text);
        buffer.set_cluster_level(BufferClusterLevel::MonotoneCharacters);
        buffer.guess_segment_properties();
        let rightwards = if level.is_rtl() {
            Direction::RightToLeft
        } else {
            Direction::LeftToRight
        };
        buffer.set_direction(rightwards);
        let plan = loaded.plan(Some(buffer.script()), rightwards);
        let glyphs = shape_with_plan(&loaded.face, &plan, buffer);
        let shaped = positioned(loaded, &glyphs);
        note_texts(self.texts.entry(font).or_default(), text, &glyphs);
        self.buffer = Some(glyphs.clear());
        Ok(shaped)
    }
}

fn positioned(font: &ShapingFont, buffer: &GlyphBuffer) -> Shaped {
    let mut advance = 0;
    let glyphs = buffer
        .glyph_infos()
        .iter()
        .zip(buffer.glyph_positions())
        .map(|(info, position)| {
            let id = u16::try_from(info.glyph_id).unwrap_or(0);
            let width = font.to_thousandths(position.x_advance);
            let before = font.to_thousandths(position.x_offset);
            advance += width;
            Glyph {
                id,
                before,
                after: font.stated_width(id) - width + before,
                rise: font.to_thousandths(position.y_offset),
            }
        })
        .collect();
    Shaped { glyphs, advance }
}

/// Notes which part of `text` each glyph stands for: from its cluster to the next one. Of several
/// glyphs of one cluster the first says it all.
fn note_texts(texts: &mut BTreeMap<u16, String>, text: &str, buffer: &GlyphBuffer) {
    let mut starts: Vec<usize> = buffer.glyph_infos().iter().map(cluster_start).collect();
    starts.sort_unstable();
    starts.dedup();
    let mut noted = vec![false; starts.len()];
    for info in buffer.glyph_infos() {
        let Ok(index) = starts.binary_search(&cluster_start(info)) else {
            continue;
        };
        let end = starts.get(index + 1).copied().unwrap_or(text.len());
        let part = text.get(starts[index]..end).unwrap_or_default();
        let said = if noted[index] { "" } else { part };
        noted[index] = true;
        let glyph = u16::try_from(info.glyph_id).unwrap_or(0);
        texts.entry(glyph).or_insert_with(|| said.to_owned());
    }
}

fn cluster_start(info: &rustybuzz::GlyphInfo) -> usize {
    usize::try_from(info.cluster).unwrap_or(usize::MAX)
}
