//! Fills lines greedily, and puts each into visual order.

use std::sync::Arc;

use unicode_bidi::{BidiInfo, Level};

use super::clean::{paragraphs, single_line};
use super::itemise::{Atom, Itemised, itemise};
use super::line::{GlyphRun, TextLine};
use super::shape::{Shaped, Shaper};
use super::style::TextStyle;
use crate::error::RenderError;
use crate::layout::Length;

/// Shown where a text was cut.
const ELLIPSIS: char = '…';

/// An atom with its glyphs.
#[derive(Clone)]
struct Piece {
    atom: Atom,
    shaped: Arc<Shaped>,
}

impl Shaper<'_> {
    /// A text on one line, however long.
    pub(crate) fn line(&mut self, text: &str, style: TextStyle) -> Result<TextLine, RenderError> {
        let itemised = itemise(&single_line(text), style.weight, self.fonts)?;
        let pieces = self.pieces(&itemised)?;
        Ok(finish(&itemised, &pieces, style))
    }

    /// A text on one line, in a smaller size if it is too wide for its own.
    pub(crate) fn fitted_line(
        &mut self,
        text: &str,
        style: TextStyle,
        width: Length,
    ) -> Result<TextLine, RenderError> {
        Ok(self.line(text, style)?.fitted(width))
    }

    /// A text in as many lines as it takes; a line feed ends a line.
    pub(crate) fn wrap(
        &mut self,
        text: &str,
        style: TextStyle,
        width: Length,
    ) -> Result<Vec<TextLine>, RenderError> {
        let mut lines = Vec::new();
        for paragraph in paragraphs(text) {
            let itemised = itemise(&paragraph, style.weight, self.fonts)?;
            if itemised.atoms.is_empty() {
                lines.push(finish(&itemised, &[], style));
                continue;
            }
            for pieces in self.filled(&itemised, style, width)? {
                lines.push(finish(&itemised, &pieces, style));
            }
        }
        Ok(lines)
    }

    /// A text in at most `lines_max` lines; what does not fit is cut, visibly.
    pub(crate) fn wrap_at_most(
        &mut self,
        text: &str,
        style: TextStyle,
        width: Length,
        lines_max: usize,
    ) -> Result<Vec<TextLine>, RenderError> {
        let itemised = itemise(&single_line(text), style.weight, self.fonts)?;
        let filled = self.filled(&itemised, style, width)?;
        let is_cut = filled.len() > lines_max;
        let mut lines: Vec<TextLine> = filled
            .iter()
            .take(lines_max)
            .map(|line| finish(&itemised, line, style))
            .collect();
        if is_cut && let (Some(last), Some(pieces)) = (lines.last_mut(), filled.get(lines_max - 1))
        {
            let start = pieces.first().map_or(0, |piece| piece.atom.start);
            let end = pieces.last().map_or(0, |piece| piece.atom.end);
            *last = self.cut_line(&itemised.text[start..end], style, width)?;
        }
        Ok(lines)
    }

    fn cut_line(
        &mut self,
        text: &str,
        style: TextStyle,
        width: Length,
    ) -> Result<TextLine, RenderError> {
        let mut kept = text.trim_end().to_owned();
        loop {
            let shown = kept.trim_end_matches([' ', '.', ',', '-']);
            let line = self.line(&format!("{shown}{ELLIPSIS}"), style)?;
            if line.width <= width || kept.pop().is_none() {
                return Ok(line);
            }
        }
    }

    fn pieces(&mut self, itemised: &Itemised) -> Result<Vec<Piece>, RenderError> {
        itemised
            .atoms
            .iter()
            .map(|atom| self.piece(itemised, *atom))
            .collect()
    }

    fn piece(&mut self, itemised: &Itemised, atom: Atom) -> Result<Piece, RenderError> {
        let shaped = self.shape(&itemised.text[atom.start..atom.end], atom.font, atom.level)?;
        Ok(Piece { atom, shaped })
    }

    /// The pieces of each line, in logical order. A unit, which is what no break divides, moves to
    /// the next line as a whole; one that is wider than a line is broken between characters.
    fn filled(
        &mut self,
        itemised: &Itemised,
        style: TextStyle,
        width: Length,
    ) -> Result<Vec<Vec<Piece>>, RenderError> {
        let pieces = self.pieces(itemised)?;
        // The most thousandths of an em whose length, which is rounded down, is within the width.
        let limit = (width.0.saturating_add(1).saturating_mul(1_000) - 1) / style.size.0.max(1);
        let mut lines = Lines {
            limit,
            done: Vec::new(),
            current: Vec::new(),
            used: 0,
        };
        for unit in pieces.split_inclusive(|piece| piece.atom.may_break_after) {
            if visible_advance(unit) <= limit {
                lines.push_unit(unit);
                continue;
            }
            for piece in unit {
                for part in self.broken(itemised, piece, limit)? {
                    lines.push_unit(std::slice::from_ref(&part));
                }
            }
        }
        lines.end_line();
        Ok(lines.done)
    }

    /// A piece in parts that fit a line each, cut where a new cluster begins.
    fn broken(
        &mut self,
        itemised: &Itemised,
        piece: &Piece,
        limit: i64,
    ) -> Result<Vec<Piece>, RenderError> {
        if piece.shaped.advance <= limit {
            return Ok(vec![piece.clone()]);
        }
        let Atom {
            start,
            end,
            font,
            level,
            ..
        } = piece.atom;
        let text = &itemised.text[start..end];
        let mut cuts = vec![start];
        let mut used = 0;
        for (offset, character) in text.char_indices() {
            let at = start + offset;
            let one = &itemised.text[at..at + character.len_utf8()];
            let advance = self.shape(one, font, level)?.advance.max(0);
            if used > 0 && used + advance > limit {
                cuts.push(at);
                used = 0;
            }
            used += advance;
        }
        cuts.push(end);
        cuts.windows(2)
            .map(|cut| {
                self.piece(
                    itemised,
                    Atom {
                        start: cut[0],
                        end: cut[1],
                        ..piece.atom
                    },
                )
            })
            .collect()
    }
}

/// The lines being filled.
struct Lines {
    limit: i64,
    done: Vec<Vec<Piece>>,
    current: Vec<Piece>,
    used: i64,
}

impl Lines {
    fn push_unit(&mut self, unit: &[Piece]) {
        if !self.current.is_empty() && self.used + visible_advance(unit) > self.limit {
            self.end_line();
        }
        self.used += unit.iter().map(|piece| piece.shaped.advance).sum::<i64>();
        self.current.extend_from_slice(unit);
    }

    fn end_line(&mut self) {
        while self.current.last().is_some_and(|piece| piece.atom.is_space) {
            self.current.pop();
        }
        if !self.current.is_empty() {
            self.done.push(std::mem::take(&mut self.current));
        }
        self.used = 0;
    }
}

/// The width of a unit without the spaces at its end.
fn visible_advance(unit: &[Piece]) -> i64 {
    let spaces = unit
        .iter()
        .rev()
        .take_while(|piece| piece.atom.is_space)
        .count();
    unit[..unit.len() - spaces]
        .iter()
        .map(|piece| piece.shaped.advance)
        .sum()
}

/// Puts the pieces of a line into visual order (UAX 9, rule L2) and joins those of one font.
fn finish(itemised: &Itemised, pieces: &[Piece], style: TextStyle) -> TextLine {
    let advance: i64 = pieces.iter().map(|piece| piece.shaped.advance).sum();
    let mut runs: Vec<GlyphRun> = Vec::new();
    let mut join = |piece: &Piece| match runs.last_mut() {
        Some(run) if run.font == piece.atom.font => run.words.push(Arc::clone(&piece.shaped)),
        _ => runs.push(GlyphRun {
            font: piece.atom.font,
            words: vec![Arc::clone(&piece.shaped)],
        }),
    };
    if itemised.is_bidirectional {
        let levels: Vec<Level> = pieces.iter().map(|piece| piece.atom.level).collect();
        BidiInfo::reorder_visual(&levels)
            .into_iter()
            .for_each(|index| join(&pieces[index]));
    } else {
        pieces.iter().for_each(join);
    }
    TextLine {
        style,
        width: style.size.of_thousandths(advance),
        runs,
        right_to_left: itemised.right_to_left,
    }
}
