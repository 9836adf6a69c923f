//! Fonts in the file: the glyphs that the pages draw, as composite fonts whose codes are the
//! subset's own glyph ids (ISO 32000-1, 9.7).
//!
//! printpdf would embed them too, but it parses each subset once more to learn the widths that the
//! shaper knows, and writes one string per glyph, which together took most of a rendering.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};
use subsetter::GlyphRemapper;

use super::deflate::Deflater;
use crate::assets::Assets;
use crate::error::RenderError;
use crate::layout::Page;
use crate::text::{FontFace, Fonts, GlyphRun};

/// Most mappings in one block of a ToUnicode map (Adobe technical note 5411).
const MAPPINGS_PER_BLOCK: usize = 100;
/// Descriptor flag: not only characters of the standard Latin set.
const SYMBOLIC: i64 = 1 << 2;
/// Thickness of stems, which no font states; by weight, as other writers estimate it.
const STEM_REGULAR: i64 = 88;
const STEM_BOLD: i64 = 166;
/// What a viewer assumes for a glyph without a width; every glyph has one.
const DEFAULT_WIDTH: i64 = 1_000;

/// What each glyph says, by its number in the font.
type GlyphTexts = BTreeMap<u16, String>;

/// The codes of a subset's glyphs, by their numbers in the font.
#[derive(Default)]
pub(crate) struct Codes(Vec<u16>);

impl Codes {
    fn new(remapper: &GlyphRemapper) -> Self {
        let mut codes = Vec::new();
        for (code, glyph) in (0_u16..).zip(remapper.remapped_gids()) {
            let index = usize::from(glyph);
            if codes.len() <= index {
                codes.resize(index + 1, 0);
            }
            codes[index] = code;
        }
        Self(codes)
    }

    /// The code of a glyph; that of the missing glyph, 0, for one that is not in the subset.
    pub(super) fn of(&self, glyph: u16) -> u16 {
        self.0.get(usize::from(glyph)).copied().unwrap_or(0)
    }

    /// Whether all the glyphs that are wanted are in the subset.
    pub(super) fn cover(&self, wanted: &[bool]) -> bool {
        let wanted = (0_u16..).zip(wanted).skip(1);
        wanted
            .filter(|(_, wanted)| **wanted)
            .all(|(glyph, _)| self.of(glyph) != 0)
    }
}

/// A font cut to some of its glyphs, ready to be written into a file.
pub(crate) struct FontSubset {
    font: FontFace,
    codes: Codes,
    widths: Vec<i32>,
    /// The font's file, deflated, and its length before.
    program: Vec<u8>,
    program_length: i64,
    /// What codes stand for, deflated.
    to_unicode: Vec<u8>,
}

impl FontSubset {
    /// Cuts a font to the glyphs that have texts. Codes follow glyph ids, so they are the same
    /// every time.
    pub(super) fn new(
        font: FontFace,
        texts: &GlyphTexts,
        fonts: &Fonts,
        deflater: &mut Deflater,
    ) -> Result<Self, RenderError> {
        let glyphs: Vec<u16> = texts.keys().copied().collect();
        let remapper = GlyphRemapper::new_from_glyphs(&glyphs);
        let program = subsetter::subset(font.file(), 0, &remapper);
        let program = program.map_err(|_| RenderError::Font {
            font: font.resource_name(),
        })?;
        let shaping = fonts.shaping(font)?;
        let widths = remapper
            .remapped_gids()
            .map(|glyph| shaping.stated_width(glyph))
            .collect();
        Ok(Self {
            font,
            codes: Codes::new(&remapper),
            widths,
            program_length: i64::try_from(program.len()).unwrap_or(i64::MAX),
            program: deflater.deflate(&program)?,
            to_unicode: deflater.deflate(&to_unicode(&remapper, texts))?,
        })
    }

    pub(super) const fn codes(&self) -> &Codes {
        &self.codes
    }

    fn embed(&self, file: &mut Document, fonts: &Fonts) -> Result<ObjectId, RenderError> {
        let to_unicode = deflated(Dictionary::new(), &self.to_unicode);
        let to_unicode = file.add_object(to_unicode);
        let descendant = self.descendant(file, fonts)?;
        Ok(file.add_object(dictionary! {
            "Type" => "Font",
            "Subtype" => "Type0",
            "BaseFont" => base_font(self.font),
            "Encoding" => "Identity-H",
            "ToUnicode" => to_unicode,
            "DescendantFonts" => vec![descendant.into()],
        }))
    }

    fn descendant(&self, file: &mut Document, fonts: &Fonts) -> Result<ObjectId, RenderError> {
        let font = self.font;
        let length = dictionary! { "Length1" => self.program_length };
        let program = file.add_object(deflated(length, &self.program));
        let metrics = fonts.shaping(font)?.metrics();
        let descriptor = file.add_object(dictionary! {
            "Type" => "FontDescriptor",
            "FontName" => base_font(font),
            "Flags" => SYMBOLIC,
            "FontBBox" => metrics.bounding_box.map(Object::Integer).to_vec(),
            "ItalicAngle" => 0,
            "Ascent" => metrics.ascent,
            "Descent" => metrics.descent,
            "CapHeight" => metrics.cap_height,
            "StemV" => if font.is_bold() { STEM_BOLD } else { STEM_REGULAR },
            "FontFile2" => program,
        });
        // Codes count up from 0, so that one list has the widths of all of them.
        let widths: Vec<Object> = self.widths.iter().copied().map(Object::from).collect();
        Ok(file.add_object(dictionary! {
            "Type" => "Font",
            "Subtype" => "CIDFontType2",
            "BaseFont" => base_font(font),
            "CIDSystemInfo" => dictionary! {
                "Registry" => Object::string_literal("Adobe"),
                "Ordering" => Object::string_literal("Identity"),
                "Supplement" => 0,
            },
            "FontDescriptor" => descriptor,
            "DW" => DEFAULT_WIDTH,
            "W" => vec![0.into(), widths.into()],
            "CIDToGIDMap" => "Identity",
        }))
    }
}

/// The fonts that a document draws with.
pub(crate) struct DocumentFonts {
    subsets: BTreeMap<FontFace, Arc<FontSubset>>,
}

impl DocumentFonts {
    /// For the glyphs of all pages: a subset that many documents share where it has them all, and
    /// one of this document's own where it has not.
    pub(crate) fn of(
        pages: &[Page],
        assets: &Assets,
        deflater: &mut Deflater,
    ) -> Result<Self, RenderError> {
        let mut drawn: BTreeMap<FontFace, Vec<&GlyphRun>> = BTreeMap::new();
        let lines = pages.iter().flat_map(Page::text_lines);
        for run in lines.flat_map(|line| &line.runs) {
            drawn.entry(run.font).or_default().push(run);
        }
        let mut subsets = BTreeMap::new();
        for (font, runs) in drawn {
            let glyphs = glyphs_of(&runs);
            let usual = assets.usual.covering(font, &glyphs, &assets.fonts)?;
            let subset = match usual {
                Some(usual) => usual,
                None => {
                    let texts = texts_of(&runs);
                    Arc::new(FontSubset::new(font, &texts, &assets.fonts, deflater)?)
                }
            };
            subsets.insert(font, subset);
        }
        Ok(Self { subsets })
    }

    /// The codes of a font that the document draws with.
    pub(super) fn codes(&self, font: FontFace) -> &Codes {
        const NONE: &Codes = &Codes(Vec::new());
        self.subsets.get(&font).map_or(NONE, |subset| &subset.codes)
    }

    /// Writes the fonts into a file; answers what its pages have to name as their fonts.
    pub(super) fn embed(
        &self,
        file: &mut Document,
        assets: &Assets,
    ) -> Result<Dictionary, RenderError> {
        let mut fonts = Dictionary::new();
        for (font, subset) in &self.subsets {
            fonts.set(font.resource_name(), subset.embed(file, &assets.fonts)?);
        }
        Ok(fonts)
    }
}

/// Which glyphs are drawn.
fn glyphs_of(runs: &[&GlyphRun]) -> Vec<bool> {
    let mut drawn = Vec::new();
    for glyph in runs.iter().flat_map(|run| run.glyphs()) {
        let index = usize::from(glyph.id);
        if drawn.len() <= index {
            drawn.resize(index + 1, false);
        }
        drawn[index] = true;
    }
    drawn
}

/// What the drawn glyphs stand for. A glyph has one text in a file; that of its first use counts.
fn texts_of(runs: &[&GlyphRun]) -> GlyphTexts {
    let mut texts = GlyphTexts::new();
    for word in runs.iter().flat_map(|run| &run.words) {
        for glyph in &word.glyphs {
            let said = || word.said(glyph).to_owned();
            texts.entry(glyph.id).or_insert_with(said);
        }
    }
    texts
}

fn deflated(mut dictionary: Dictionary, content: &[u8]) -> Stream {
    dictionary.set("Filter", "FlateDecode");
    Stream::new(dictionary, content.to_vec())
}

/// The font's name with the prefix that says that it is a subset (ISO 32000-1, 9.6.4).
fn base_font(font: FontFace) -> Object {
    let name = format!("{}+{}", font.resource_name(), font.postscript_name());
    Object::Name(name.into_bytes())
}

/// What each code stands for, so that text can be copied and searched (ISO 32000-1, 9.10.3).
fn to_unicode(codes: &GlyphRemapper, texts: &GlyphTexts) -> Vec<u8> {
    let mappings: Vec<(u16, &str)> = (0_u16..)
        .zip(codes.remapped_gids())
        .filter_map(|(code, glyph)| Some((code, texts.get(&glyph)?.as_str())))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <<\n\
         /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS \
         def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
    );
    // Writing into a string cannot fail.
    for block in mappings.chunks(MAPPINGS_PER_BLOCK) {
        let _ = writeln!(map, "{} beginbfchar", block.len());
        for (code, text) in block {
            let _ = write!(map, "<{code:04X}> <");
            for unit in text.encode_utf16() {
                let _ = write!(map, "{unit:04X}");
            }
            map.push_str(">\n");
        }
        map.push_str("endbfchar\n");
    }
    map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    map.into_bytes()
}
