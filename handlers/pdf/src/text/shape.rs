//! Shaping: from a piece of text in one font to positioned glyphs.

use std::sync::Arc;

use rustybuzz::{BufferClusterLevel, Direction, GlyphBuffer, UnicodeBuffer, shape_with_plan};
use unicode_bidi::Level;

use super::font::{FontFace, Fonts, ShapingFont};
use crate::error::RenderError;

/// Stands for a character that no font has.
pub(super) const REPLACEMENT: char = '\u{fffd}';

/// A glyph and how the pen moves around it, in thousandths of an em.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glyph {
    pub(crate) id: u16,
    /// Moves the pen right before the glyph.
    pub(crate) before: i32,
    /// Moves the pen left after the glyph, beyond the width that the file states.
    pub(crate) after: i32,
    /// Raises the glyph.
    pub(crate) rise: i32,
    /// Which bytes of the text it stands for.
    said: (u32, u32),
}

/// A shaped piece of text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shaped {
    pub(crate) text: Arc<str>,
    pub(crate) glyphs: Vec<Glyph>,
    /// Its width, in thousandths of an em.
    pub(crate) advance: i64,
    /// How many marks in it stand for characters that no font has.
    pub(crate) replaced: usize,
}

impl Shaped {
    /// What one of its glyphs stands for.
    pub(crate) fn said(&self, glyph: &Glyph) -> &str {
        let at = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
        let (start, end) = glyph.said;
        self.text.get(at(start)..at(end)).unwrap_or_default()
    }
}

/// Shapes texts, one after the other.
pub(crate) struct Shaper<'a> {
    pub(super) fonts: &'a Fonts,
    buffer: Option<UnicodeBuffer>,
}

impl<'a> Shaper<'a> {
    pub(crate) const fn new(fonts: &'a Fonts) -> Self {
        Self {
            fonts,
            buffer: None,
        }
    }

    /// Shapes a piece of one font and level.
    pub(crate) fn shape(
        &mut self,
        text: &str,
        font: FontFace,
        level: Level,
    ) -> Result<Arc<Shaped>, RenderError> {
        let loaded = self.fonts.shaping(font)?;
        let right_to_left = level.is_rtl();
        if let Some(known) = loaded.words.get(text, right_to_left) {
            return Ok(known);
        }
        let shaped = Arc::new(self.shape_anew(text, loaded, right_to_left));
        loaded.words.keep(&shaped, right_to_left);
        Ok(shaped)
    }

    fn shape_anew(&mut self, text: &str, font: &ShapingFont, right_to_left: bool) -> Shaped {
        let mut buffer = self.buffer.take().unwrap_or_default();
        buffer.push_str(text);
        buffer.set_cluster_level(BufferClusterLevel::MonotoneCharacters);
        buffer.guess_segment_properties();
        let direction = if right_to_left {
            Direction::RightToLeft
        } else {
            Direction::LeftToRight
        };
        buffer.set_direction(direction);
        let plan = font.plan(Some(buffer.script()), direction);
        let glyphs = shape_with_plan(&font.face, &plan, buffer);
        let shaped = positioned(font, text, &glyphs);
        self.buffer = Some(glyphs.clear());
        shaped
    }
}

fn positioned(font: &ShapingFont, text: &str, buffer: &GlyphBuffer) -> Shaped {
    let mut advance = 0;
    let mut clusters = Clusters::of(text, buffer);
    let glyphs = buffer
        .glyph_infos()
        .iter()
        .zip(buffer.glyph_positions())
        .map(|(info, position)| {
            let id = u16::try_from(info.glyph_id).unwrap_or(0);
            let width = font.to_thousandths(position.x_advance);
            let before = font.to_thousandths(position.x_offset);
            advance += i64::from(width);
            Glyph {
                id,
                before,
                after: font.stated_width(id) - width + before,
                rise: font.to_thousandths(position.y_offset),
                said: clusters.said(info.cluster),
            }
        })
        .collect();
    Shaped {
        text: Arc::from(text),
        glyphs,
        advance,
        replaced: text.matches(REPLACEMENT).count(),
    }
}

/// Which part of a text each glyph stands for: from its cluster to the next one. Of several glyphs
/// of one cluster the first says it all.
struct Clusters {
    /// Where clusters begin, and the text's end.
    starts: Vec<u32>,
    said: Vec<bool>,
}

impl Clusters {
    fn of(text: &str, buffer: &GlyphBuffer) -> Self {
        let infos = buffer.glyph_infos();
        let mut starts: Vec<u32> = infos.iter().map(|info| info.cluster).collect();
        starts.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        starts.sort_unstable();
        starts.dedup();
        let said = vec![false; starts.len()];
        Self { starts, said }
    }

    fn said(&mut self, cluster: u32) -> (u32, u32) {
        let nothing = (0, 0);
        let Ok(index) = self.starts.binary_search(&cluster) else {
            return nothing;
        };
        if std::mem::replace(&mut self.said[index], true) {
            return nothing;
        }
        let end = self.starts.get(index + 1).copied().unwrap_or(cluster);
        (cluster, end)
    }
}
