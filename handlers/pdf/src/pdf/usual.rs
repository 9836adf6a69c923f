//! The subsets that most documents share. A font is cut and compressed once per process for the
//! characters of the usual languages; a document that draws with no other glyph takes that subset as
//! it is, which costs some kilobytes and saves more than half of the time of a short rendering.
//!
//! What is in a subset depends on the font and on the texts below, and on nothing that a process did
//! before, so that every process writes the same bytes.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use unicode_bidi::Level;

use super::deflate::Deflater;
use super::fonts::FontSubset;
use crate::error::RenderError;
use crate::text::{FontFace, Fonts, Shaper};

/// English, German, French, Spanish and Polish, with figures, currencies and punctuation.
const WESTERN: &str = "\
     \u{20}!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\
     \u{a0}\u{202f}¡¢£¥§ª«°²³·º»¿×–—‘’‚“”„•…€™ÀÁÂÄÅÆÇÈÉÊËÍÎÏÑÓÔÖØÙÚÛÜŸŒßàáâäåæçèéêëíîïñóôöøùúûüÿœ\
     ĄĆĘŁŃŚŹŻąćęłńśźż₫\u{fffd}";
/// What Vietnamese has beside those.
const VIETNAMESE: &str = "\
     ÃÌÒÕÝĂĐĨŨƠƯãìòõýăđĩũơưẠẢẤẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏ\
     ốồổỗộớờởỡợụủứừửữựỳỵỷỹ";
/// Texts of which the shaper makes glyphs that no single character has.
const LIGATURES: [&str; 5] = ["ff", "fi", "fl", "ffi", "ffl"];
/// From the smallest.
const REPERTOIRES: [&[&str]; 2] = [&[WESTERN], &[WESTERN, VIETNAMESE]];

type Made = OnceLock<Result<Arc<FontSubset>, RenderError>>;

/// The usual subsets of the fonts that have any, made when they are first looked at.
#[derive(Default)]
pub(crate) struct UsualSubsets {
    regular: [Made; REPERTOIRES.len()],
    bold: [Made; REPERTOIRES.len()],
}

impl UsualSubsets {
    /// The smallest of a font's usual subsets that has all the glyphs.
    pub(super) fn covering(
        &self,
        font: FontFace,
        glyphs: &[bool],
        fonts: &Fonts,
    ) -> Result<Option<Arc<FontSubset>>, RenderError> {
        let made = match font {
            FontFace::SansRegular => &self.regular,
            FontFace::SansBold => &self.bold,
            FontFace::ArabicRegular | FontFace::ArabicBold | FontFace::Han | FontFace::Hangul => {
                return Ok(None);
            }
        };
        for (made, repertoire) in made.iter().zip(REPERTOIRES) {
            let subset = made.get_or_init(|| subset_of(font, repertoire, fonts).map(Arc::new));
            let subset = subset.as_ref().map_err(Clone::clone)?;
            if subset.codes().cover(glyphs) {
                return Ok(Some(Arc::clone(subset)));
            }
        }
        Ok(None)
    }
}

fn subset_of(
    font: FontFace,
    repertoire: &[&str],
    fonts: &Fonts,
) -> Result<FontSubset, RenderError> {
    let mut shaper = Shaper::new(fonts);
    let mut texts = BTreeMap::new();
    let mut buffer = [0; 4];
    for character in repertoire.iter().flat_map(|part| part.chars()) {
        note(
            &mut shaper,
            font,
            character.encode_utf8(&mut buffer),
            &mut texts,
        )?;
    }
    for ligature in LIGATURES {
        note(&mut shaper, font, ligature, &mut texts)?;
    }
    FontSubset::new(font, &texts, fonts, &mut Deflater::thorough())
}

fn note(
    shaper: &mut Shaper<'_>,
    font: FontFace,
    text: &str,
    texts: &mut BTreeMap<u16, String>,
) -> Result<(), RenderError> {
    let shaped = shaper.shape(text, font, Level::ltr())?;
    for glyph in &shaped.glyphs {
        let said = || shaped.said(glyph).to_owned();
        texts.entry(glyph.id).or_insert_with(said);
    }
    Ok(())
}
