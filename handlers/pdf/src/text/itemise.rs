//! Cuts a paragraph into atoms: pieces of one font and one bidi level that no line break divides.

use unicode_bidi::{BidiClass, BidiInfo, Level, bidi_class};
use unicode_linebreak::linebreaks;
use unicode_script::{Script, UnicodeScript};

use super::font::{FontFace, Fonts, MARKS_BEGIN, Weight};
use super::shape::REPLACEMENT;
use crate::error::RenderError;

/// A piece of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Atom {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) font: FontFace,
    pub(crate) level: Level,
    /// Only spaces, which vanish at the end of a line.
    pub(crate) is_space: bool,
    /// Whether a line may end after it.
    pub(crate) may_break_after: bool,
}

/// A paragraph, cut.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Itemised {
    /// The text that is drawn: what no font has is replaced.
    pub(crate) text: String,
    pub(crate) atoms: Vec<Atom>,
    pub(crate) right_to_left: bool,
    /// Whether any atom runs from right to left.
    pub(crate) is_bidirectional: bool,
}

/// Cuts a cleaned paragraph.
pub(crate) fn itemise(
    paragraph: &str,
    weight: Weight,
    fonts: &Fonts,
) -> Result<Itemised, RenderError> {
    let (text, chosen) = choose_fonts(paragraph, weight, fonts)?;
    let is_bidirectional = !text.is_ascii() && text.chars().any(is_right_to_left);
    let bidi = is_bidirectional.then(|| BidiInfo::new(&text, None));
    let level_at = |byte: usize| {
        bidi.as_ref()
            .map_or_else(Level::ltr, |info| info.levels[byte])
    };
    let right_to_left = bidi
        .as_ref()
        .and_then(|info| info.paragraphs.first())
        .is_some_and(|paragraph| paragraph.level.is_rtl());
    let atoms = cut(&text, &chosen, level_at);
    Ok(Itemised {
        text,
        atoms,
        right_to_left,
        is_bidirectional,
    })
}

/// The atoms: a new one begins where a line may end, and where font, level or spacing change.
fn cut(text: &str, chosen: &[Choice], level_at: impl Fn(usize) -> Level) -> Vec<Atom> {
    let mut breaks = linebreaks(text).map(|(position, _)| position).peekable();
    let mut chosen = chosen.iter().peekable();
    let mut atoms: Vec<Atom> = Vec::with_capacity(text.len() / 4 + 1);
    for (start, character) in text.char_indices() {
        while chosen.next_if(|choice| choice.end <= start).is_some() {}
        let Some(Choice { font, .. }) = chosen.peek().copied().copied() else {
            break;
        };
        while breaks.next_if(|position| *position < start).is_some() {}
        let at_break = breaks.peek() == Some(&start);
        let atom = Atom {
            start,
            end: start + character.len_utf8(),
            font,
            level: level_at(start),
            is_space: matches!(character, ' ' | '\u{3000}'),
            may_break_after: false,
        };
        match atoms.last_mut() {
            Some(last) if !at_break && is_same_piece(last, &atom) => last.end = atom.end,
            Some(last) => {
                last.may_break_after = at_break;
                atoms.push(atom);
            }
            None => atoms.push(atom),
        }
    }
    atoms
}

fn is_same_piece(left: &Atom, right: &Atom) -> bool {
    left.font == right.font && left.level == right.level && left.is_space == right.is_space
}

fn is_right_to_left(character: char) -> bool {
    character >= '\u{590}'
        && matches!(
            bidi_class(character),
            BidiClass::R | BidiClass::AL | BidiClass::AN
        )
}

/// A font, and where the text that it draws ends.
#[derive(Debug, Clone, Copy)]
struct Choice {
    font: FontFace,
    end: usize,
}

/// The drawn text, and the fonts of its parts. A run of characters that no font has becomes one
/// replacement character, so that an emoji sequence is one mark and not five.
fn choose_fonts(
    paragraph: &str,
    weight: Weight,
    fonts: &Fonts,
) -> Result<(String, Vec<Choice>), RenderError> {
    let candidates = FontFace::candidates(weight);
    let mut text = String::with_capacity(paragraph.len());
    let mut chosen: Vec<Choice> = Vec::new();
    let mut missing_before = false;
    for character in paragraph.chars() {
        if missing_before && is_joiner(character) {
            continue;
        }
        let previous = chosen.last().map(|choice| choice.font);
        let found = font_of(character, previous, &candidates, fonts)?;
        if found.is_none() && missing_before {
            continue;
        }
        missing_before = found.is_none();
        text.push(if missing_before {
            REPLACEMENT
        } else {
            character
        });
        let (font, end) = (found.unwrap_or(candidates[0]), text.len());
        match chosen.last_mut() {
            Some(last) if last.font == font => last.end = end,
            _ => chosen.push(Choice { font, end }),
        }
    }
    Ok((text, chosen))
}

fn font_of(
    character: char,
    previous: Option<FontFace>,
    candidates: &[FontFace],
    fonts: &Fonts,
) -> Result<Option<FontFace>, RenderError> {
    // A mark or joiner belongs to what it stands on; in another font it would not attach.
    if is_joiner(character) {
        return Ok(Some(previous.unwrap_or(candidates[0])));
    }
    if character >= MARKS_BEGIN
        && let Some(previous) = previous.filter(|_| character.script() == Script::Inherited)
        && fonts.shaping(previous)?.has(character)
    {
        return Ok(Some(previous));
    }
    for font in candidates {
        if may_have(*font, character) && fonts.shaping(*font)?.has(character) {
            return Ok(Some(*font));
        }
    }
    Ok(None)
}

const fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// Spares parsing a font of another script for a character that it cannot have.
fn may_have(font: FontFace, character: char) -> bool {
    match font {
        FontFace::SansRegular | FontFace::SansBold => true,
        FontFace::ArabicRegular | FontFace::ArabicBold => character >= '\u{600}',
        FontFace::Han => character >= '\u{2e80}',
        FontFace::Hangul => character >= '\u{1100}',
    }
}
