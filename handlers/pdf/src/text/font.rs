//! The fonts that are part of this program. Each is parsed once per process, when a document first
//! needs it, and attached only to documents that draw with it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustybuzz::{Direction, Face, Script, ShapePlan};

use super::words::Words;
use crate::error::RenderError;

/// Weight of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// One font file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum FontFace {
    SansRegular,
    SansBold,
    ArabicRegular,
    ArabicBold,
    Han,
    Hangul,
}

/// How many there are.
const FONT_COUNT: usize = 6;

impl FontFace {
    /// Where a character is looked for, in this order; the first also draws what is nowhere.
    pub(super) const fn candidates(weight: Weight) -> [Self; 4] {
        match weight {
            Weight::Regular => [
                Self::SansRegular,
                Self::ArabicRegular,
                Self::Han,
                Self::Hangul,
            ],
            Weight::Bold => [Self::SansBold, Self::ArabicBold, Self::Han, Self::Hangul],
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::SansRegular => 0,
            Self::SansBold => 1,
            Self::ArabicRegular => 2,
            Self::ArabicBold => 3,
            Self::Han => 4,
            Self::Hangul => 5,
        }
    }

    /// The name in the file's resources: fixed, because the library's own names are counted per
    /// process, and of six capitals, because it becomes the subset's prefix (ISO 32000-1, 9.6.4).
    pub(crate) const fn resource_name(self) -> &'static str {
        match self {
            Self::SansRegular => "SANSRG",
            Self::SansBold => "SANSBD",
            Self::ArabicRegular => "ARABRG",
            Self::ArabicBold => "ARABBD",
            Self::Han => "HANREG",
            Self::Hangul => "HANGRG",
        }
    }

    /// Whether a bold text has to be drawn with a stroke, because there is no bold file.
    pub(crate) const fn has_no_bold(self) -> bool {
        matches!(self, Self::Han | Self::Hangul)
    }

    pub(crate) const fn is_bold(self) -> bool {
        matches!(self, Self::SansBold | Self::ArabicBold)
    }

    /// What the font calls itself.
    pub(crate) const fn postscript_name(self) -> &'static str {
        match self {
            Self::SansRegular => "NotoSans-Regular",
            Self::SansBold => "NotoSans-Bold",
            Self::ArabicRegular => "NotoSansArabic-Regular",
            Self::ArabicBold => "NotoSansArabic-Bold",
            Self::Han => "DroidSansFallback",
            Self::Hangul => "NanumBarunGothic",
        }
    }

    pub(crate) fn file(self) -> &'static [u8] {
        match self {
            Self::SansRegular => include_bytes!("../../assets/fonts/NotoSans-Regular.ttf"),
            Self::SansBold => include_bytes!("../../assets/fonts/NotoSans-Bold.ttf"),
            Self::ArabicRegular => include_bytes!("../../assets/fonts/NotoSansArabic-Regular.ttf"),
            Self::ArabicBold => include_bytes!("../../assets/fonts/NotoSansArabic-Bold.ttf"),
            Self::Han => include_bytes!("../../assets/fonts/DroidSansFallbackFull.ttf"),
            Self::Hangul => include_bytes!("../../assets/fonts/NanumBarunGothic.ttf"),
        }
    }
}

/// What a shaping plan is compiled for: the tag of a script, and whether it runs from right to left.
type PlanKey = (Option<[u8; 4]>, bool);

/// Measures of a font as a whole, in thousandths of an em.
pub(crate) struct FontMetrics {
    /// Left, bottom, right, top.
    pub(crate) bounding_box: [i64; 4],
    pub(crate) ascent: i64,
    pub(crate) descent: i64,
    pub(crate) cap_height: i64,
}

/// Characters below this one are asked for so often that their coverage is looked up once. They are
/// Latin letters, figures, punctuation and symbols; marks come after them.
pub(super) const MARKS_BEGIN: char = '\u{300}';
const COVERED: usize = MARKS_BEGIN as usize;

/// A font as the shaper reads it.
pub(crate) struct ShapingFont {
    pub(super) face: Face<'static>,
    pub(super) words: Words,
    units_per_em: i32,
    covers: [bool; COVERED],
    plans: Mutex<BTreeMap<PlanKey, Arc<ShapePlan>>>,
}

impl ShapingFont {
    fn parse(font: FontFace) -> Option<Self> {
        let face = Face::from_slice(font.file(), 0)?;
        let units_per_em = face.units_per_em();
        let mut covers = [false; COVERED];
        for (character, is_covered) in ('\0'..MARKS_BEGIN).zip(&mut covers) {
            *is_covered = face.glyph_index(character).is_some();
        }
        (units_per_em > 0).then(|| Self {
            face,
            words: Words::default(),
            units_per_em,
            covers,
            plans: Mutex::default(),
        })
    }

    /// A length of the font in thousandths of an em.
    pub(super) fn to_thousandths(&self, units: i32) -> i32 {
        let thousandths = i64::from(units) * 1_000 / i64::from(self.units_per_em);
        i32::try_from(thousandths).unwrap_or(i32::MAX)
    }

    /// The width that the file states for a glyph, in thousandths of an em. The viewer moves by
    /// it, so every other advance is an offset to it.
    pub(crate) fn stated_width(&self, glyph: u16) -> i32 {
        let units = self
            .face
            .glyph_hor_advance(rustybuzz::ttf_parser::GlyphId(glyph));
        self.to_thousandths(i32::from(units.unwrap_or(0)))
    }

    /// What the file says about the font as a whole, in thousandths of an em.
    pub(crate) fn metrics(&self) -> FontMetrics {
        let scaled = |units: i16| i64::from(self.to_thousandths(i32::from(units)));
        let whole = self.face.global_bounding_box();
        let ascent = scaled(self.face.ascender());
        FontMetrics {
            bounding_box: [whole.x_min, whole.y_min, whole.x_max, whole.y_max].map(scaled),
            ascent,
            descent: scaled(self.face.descender()),
            cap_height: self.face.capital_height().map_or(ascent, scaled),
        }
    }

    pub(super) fn has(&self, character: char) -> bool {
        let covered = usize::try_from(u32::from(character)).ok();
        match covered.and_then(|index| self.covers.get(index)) {
            Some(is_covered) => *is_covered,
            None => self.face.glyph_index(character).is_some(),
        }
    }

    /// The compiled shaping plan of a script and direction; compiling one costs more than shaping
    /// a line with it.
    pub(super) fn plan(&self, script: Option<Script>, direction: Direction) -> Arc<ShapePlan> {
        let tag = script.map(|script| script.tag().to_bytes());
        let right_to_left = direction == Direction::RightToLeft;
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let compile = || Arc::new(ShapePlan::new(&self.face, direction, script, None, &[]));
        Arc::clone(plans.entry((tag, right_to_left)).or_insert_with(compile))
    }
}

/// The parsed fonts.
#[derive(Default)]
pub(crate) struct Fonts {
    shaping: [OnceLock<Option<ShapingFont>>; FONT_COUNT],
}

impl Fonts {
    pub(crate) fn shaping(&self, font: FontFace) -> Result<&ShapingFont, RenderError> {
        self.shaping[font.index()]
            .get_or_init(|| ShapingFont::parse(font))
            .as_ref()
            .ok_or(RenderError::Font {
                font: font.resource_name(),
            })
    }
}
