//! Fonts in the file: the glyphs that the pages draw, as composite fonts whose codes are the
//! subset's own glyph ids (ISO 32000-1, 9.7).
//!
//! printpdf would embed them too, but it parses each subset once more to learn the widths that the
//! shaper knows, and writes one string per glyph, which together took most of a rendering.

use std::collections::BTreeMap;
use std::fmt::Write;

use lopdf::{Dictionary, Document, Object, Stream, dictionary};
use subsetter::GlyphRemapper;

use crate::error::RenderError;
use crate::layout::{Item, Page};
use crate::text::{Assets, FontFace, GlyphTexts};

/// Most mappings in one block of a ToUnicode map (Adobe technical note 5411).
const MAPPINGS_PER_BLOCK: usize = 100;
/// Descriptor flag: not only characters of the standard Latin set.
const SYMBOLIC: i64 = 1 << 2;
/// Thickness of stems, which no font states; by weight, as other writers estimate it.
const STEM_REGULAR: i64 = 88;
const STEM_BOLD: i64 = 166;
/// What a viewer assumes for a glyph without a width; every glyph has one.
const DEFAULT_WIDTH: i64 = 1_000;

/// The fonts that a document draws with, and the codes of their glyphs.
pub(crate) struct SubsetFonts {
    codes: BTreeMap<FontFace, GlyphRemapper>,
}

impl SubsetFonts {
    /// The glyphs of all pages. Codes follow glyph ids, so they are the same every time.
    pub(crate) fn of(pages: &[Page]) -> Self {
        let mut drawn: BTreeMap<FontFace, Vec<bool>> = BTreeMap::new();
        let lines = pages
            .iter()
            .flat_map(|page| &page.items)
            .filter_map(|item| match item {
                Item::Text { line, .. } | Item::Watermark { line, .. } => Some(line),
                Item::Fill { .. } | Item::Logo { .. } => None,
            });
        for run in lines.flat_map(|line| &line.runs) {
            let drawn = drawn.entry(run.font).or_default();
            for glyph in &run.glyphs {
                let index = usize::from(glyph.id);
                if drawn.len() <= index {
                    drawn.resize(index + 1, false);
                }
                drawn[index] = true;
            }
        }
        let codes = |drawn: Vec<bool>| {
            let glyphs = (0_u16..).zip(drawn).filter(|(_, drawn)| *drawn);
            GlyphRemapper::new_from_glyphs(&glyphs.map(|(glyph, _)| glyph).collect::<Vec<_>>())
        };
        Self {
            codes: drawn
                .into_iter()
                .map(|(font, drawn)| (font, codes(drawn)))
                .collect(),
        }
    }

    /// The code of a drawn glyph.
    pub(crate) fn code(&self, font: FontFace, glyph: u16) -> u16 {
        self.codes
            .get(&font)
            .and_then(|codes| codes.get(glyph))
            .unwrap_or(0)
    }

    /// Writes the fonts into a file; answers what its pages have to name as their fonts.
    pub(crate) fn embed(
        &self,
        file: &mut Document,
        assets: &Assets,
        texts: &GlyphTexts,
    ) -> Result<Dictionary, RenderError> {
        let mut fonts = Dictionary::new();
        for (font, codes) in &self.codes {
            let program =
                subsetter::subset(font.file(), 0, codes).map_err(|_| RenderError::Font {
                    font: font.resource_name(),
                })?;
            let length = i64::try_from(program.len()).unwrap_or(i64::MAX);
            let program = Stream::new(dictionary! { "Length1" => length }, program);
            let program = file.add_object(program);
            let map = to_unicode(codes, texts.get(font));
            let map = file.add_object(Stream::new(Dictionary::new(), map));
            let descendant = descendant(file, *font, codes, assets, program)?;
            let id = file.add_object(dictionary! {
                "Type" => "Font",
                "Subtype" => "Type0",
                "BaseFont" => base_font(*font),
                "Encoding" => "Identity-H",
                "ToUnicode" => map,
                "DescendantFonts" => vec![descendant.into()],
            });
            fonts.set(font.resource_name(), id);
        }
        Ok(fonts)
    }
}

/// The font's name with the prefix that says that it is a subset (ISO 32000-1, 9.6.4).
fn base_font(font: FontFace) -> Object {
    let name = format!("{}+{}", font.resource_name(), font.postscript_name());
    Object::Name(name.into_bytes())
}

fn descendant(
    file: &mut Document,
    font: FontFace,
    codes: &GlyphRemapper,
    assets: &Assets,
    program: lopdf::ObjectId,
) -> Result<lopdf::ObjectId, RenderError> {
    let shaping = assets.shaping(font)?;
    let metrics = shaping.metrics();
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
    let widths: Vec<Object> = codes
        .remapped_gids()
        .map(|glyph| shaping.stated_width(glyph).into())
        .collect();
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

/// What each code stands for, so that text can be copied and searched (ISO 32000-1, 9.10.3).
fn to_unicode(codes: &GlyphRemapper, texts: Option<&BTreeMap<u16, String>>) -> Vec<u8> {
    let mappings: Vec<(u16, &str)> = (0_u16..)
        .zip(codes.remapped_gids())
        .filter_map(|(code, glyph)| Some((code, texts?.get(&glyph)?.as_str())))
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
