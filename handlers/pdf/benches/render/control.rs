//! What the PDF library takes for a plain page: one font, parsed once and cut to the glyphs of the
//! page, and ten lines of text that nobody laid out.

use std::collections::BTreeMap;

use printpdf::{
    Mm, Op, ParsedFont, PdfDocument, PdfFontHandle, PdfPage, PdfSaveOptions, Point, Pt, TextItem,
};
use subsetter::GlyphRemapper;

const FONT: &[u8] = include_bytes!("../../assets/fonts/NotoSans-Regular.ttf");
const LINES: usize = 10;
const TEXT: &str = "Sechskantschraube M8 × 40, verzinkt   1 Stk.   19,99   19 %   19,99";

/// The parsed font.
pub(crate) struct Control {
    font: ParsedFont,
}

impl Control {
    pub(crate) fn new() -> Self {
        let font = ParsedFont::from_bytes(FONT, 0, &mut Vec::new()).unwrap();
        Self { font }
    }

    /// Writes the page; answers the length of the file.
    pub(crate) fn render(&self) -> usize {
        let mut pdf = PdfDocument::new("control");
        let font = pdf.add_font(&self.cut());
        let mut ops = vec![
            Op::StartTextSection,
            Op::SetFont {
                font: PdfFontHandle::External(font),
                size: Pt(9.0),
            },
        ];
        for line in 0..LINES {
            // The first from the page's corner, each other from the one before.
            let (right, up) = if line == 0 {
                (20.0, 280.0)
            } else {
                (0.0, -10.0)
            };
            ops.push(Op::SetTextCursor {
                pos: Point::new(Mm(right), Mm(up)),
            });
            ops.push(Op::ShowText {
                items: vec![TextItem::Text(TEXT.to_owned())],
            });
        }
        ops.push(Op::EndTextSection);
        pdf.pages = vec![PdfPage::new(Mm(210.0), Mm(297.0), ops)];
        let mut file = printpdf::to_lopdf_doc(&pdf, &PdfSaveOptions::default(), &mut Vec::new());
        file.compress();
        let mut bytes = Vec::new();
        file.save_to(&mut bytes).unwrap();
        bytes.len()
    }

    /// The font with the glyphs of the text only.
    fn cut(&self) -> ParsedFont {
        let glyph = |character: char| self.font.codepoint_to_glyph[&u32::from(character)];
        let mut remapper = GlyphRemapper::new();
        let codes: BTreeMap<u32, u16> = TEXT
            .chars()
            .map(|character| (u32::from(character), remapper.remap(glyph(character))))
            .collect();
        let widths = remapper.remapped_gids().zip(0_u16..);
        let widths = widths.map(|(glyph, code)| {
            let width = self.font.glyph_widths.get(&glyph).copied();
            (code, width.unwrap_or(0))
        });
        ParsedFont {
            original_bytes: subsetter::subset(FONT, 0, &remapper).unwrap(),
            font_name: self.font.font_name.clone(),
            codepoint_to_glyph: codes,
            glyph_widths: widths.collect(),
            font_metrics: self.font.font_metrics.clone(),
            font_type: self.font.font_type,
            pdf_font_metrics: self.font.pdf_font_metrics.clone(),
            font_index: 0,
            units_per_em: self.font.units_per_em,
        }
    }
}
