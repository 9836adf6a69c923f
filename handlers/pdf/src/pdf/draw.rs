//! Items as operations of printpdf. Lengths become floats here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use printpdf::{
    Codepoint, Color, CurTransMat, FontId, Op, PaintMode, PdfFontHandle, Pt, Rect, Rgb, TextItem,
    TextMatrix, TextRenderingMode, WindingOrder, XObjectId, XObjectTransform,
};

use super::save::LOGO_NAME;
use crate::layout::{Item, Length, page};
use crate::text::{Colour, FontFace, Glyph, GlyphRun, TextLine};

/// What each glyph of a font stands for.
pub(crate) type GlyphTexts = BTreeMap<FontFace, BTreeMap<u16, String>>;

/// Cosine and sine of 45 degrees, and the sine of the way back.
const DIAGONAL: f32 = 0.707_106_77;
const DIAGONAL_BACK: f32 = -0.707_106_77;
/// A stroke that makes a regular font look bold, in thousandths of an em.
const BOLD_STROKE: i64 = 28;

/// The operations of a page, and the fonts that they use.
pub(crate) fn page_operations(
    items: &[Item],
    texts: &GlyphTexts,
    fonts: &mut BTreeSet<FontFace>,
) -> Vec<Op> {
    let mut pen = Pen {
        texts,
        fonts,
        operations: Vec::new(),
        fill: None,
        font: None,
    };
    for item in items {
        pen.draw(item);
    }
    pen.operations
}

struct Pen<'a> {
    texts: &'a GlyphTexts,
    fonts: &'a mut BTreeSet<FontFace>,
    operations: Vec<Op>,
    fill: Option<Colour>,
    font: Option<(FontFace, Length)>,
}

impl Pen<'_> {
    fn draw(&mut self, item: &Item) {
        match item {
            Item::Text { x, baseline, line } => {
                let matrix = [1.0, 0.0, 0.0, 1.0, number(*x), from_bottom(*baseline)];
                self.text(line, matrix);
            }
            Item::Watermark { x, baseline, line } => {
                let (x, y) = (number(*x), from_bottom(*baseline));
                self.text(line, [DIAGONAL, DIAGONAL, DIAGONAL_BACK, DIAGONAL, x, y]);
            }
            Item::Fill {
                x,
                y,
                width,
                height,
                colour,
            } => {
                self.fill(*colour);
                let rectangle = Rect {
                    x: Pt(number(*x)),
                    y: Pt(from_bottom(*y + *height)),
                    width: Pt(number(*width)),
                    height: Pt(number(*height)),
                    mode: Some(PaintMode::Fill),
                    winding_order: Some(WindingOrder::NonZero),
                };
                self.operations.push(Op::DrawRectangle { rectangle });
            }
            Item::Logo {
                x,
                y,
                width,
                height,
            } => self.logo((*x, *y), (*width, *height)),
        }
    }

    fn fill(&mut self, colour: Colour) {
        if self.fill != Some(colour) {
            self.fill = Some(colour);
            self.operations
                .push(Op::SetFillColor { col: color(colour) });
        }
    }

    fn logo(&mut self, (x, y): (Length, Length), (width, height): (Length, Length)) {
        let place = [
            number(width),
            0.0,
            0.0,
            number(height),
            number(x),
            from_bottom(y + height),
        ];
        self.operations.push(Op::SaveGraphicsState);
        self.operations.push(Op::SetTransformationMatrix {
            matrix: CurTransMat::Raw(place),
        });
        let transform = XObjectTransform {
            no_auto_scale: true,
            ..XObjectTransform::default()
        };
        self.operations.push(Op::UseXobject {
            id: XObjectId(LOGO_NAME.to_owned()),
            transform,
        });
        self.operations.push(Op::RestoreGraphicsState);
    }

    fn text(&mut self, line: &TextLine, matrix: [f32; 6]) {
        if line.runs.is_empty() {
            return;
        }
        self.fill(line.style.colour);
        self.operations.push(Op::StartTextSection);
        for (index, run) in line.runs.iter().enumerate() {
            self.font(run.font, line.style.size);
            if index == 0 {
                self.operations.push(Op::SetTextMatrix {
                    matrix: TextMatrix::Raw(matrix),
                });
            }
            let is_stroked = line.is_stroked(run);
            if is_stroked {
                self.stroke(line);
            }
            self.run(run, line.style.size);
            if is_stroked {
                let mode = TextRenderingMode::Fill;
                self.operations.push(Op::SetTextRenderingMode { mode });
            }
        }
        self.operations.push(Op::EndTextSection);
    }

    fn font(&mut self, font: FontFace, size: Length) {
        self.fonts.insert(font);
        if self.font != Some((font, size)) {
            self.font = Some((font, size));
            let handle = PdfFontHandle::External(FontId(font.resource_name().to_owned()));
            self.operations.push(Op::SetFont {
                font: handle,
                size: Pt(number(size)),
            });
        }
    }

    fn stroke(&mut self, line: &TextLine) {
        let thickness = line.style.size * BOLD_STROKE / 1_000;
        self.operations.push(Op::SetOutlineColor {
            col: color(line.style.colour),
        });
        self.operations.push(Op::SetOutlineThickness {
            pt: Pt(number(thickness)),
        });
        let mode = TextRenderingMode::FillStroke;
        self.operations.push(Op::SetTextRenderingMode { mode });
    }

    /// Glyphs side by side; one that is raised gets an operation of its own.
    fn run(&mut self, run: &GlyphRun, size: Length) {
        for glyphs in run.glyphs.chunk_by(|left, right| left.rise == right.rise) {
            let rise = glyphs.first().map_or(0, |glyph| glyph.rise);
            if rise != 0 {
                self.rise(size * rise / 1_000);
            }
            let items = self.glyph_items(run.font, glyphs);
            self.operations.push(Op::ShowText { items });
            if rise != 0 {
                self.rise(Length::ZERO);
            }
        }
    }

    fn rise(&mut self, rise: Length) {
        self.operations.push(Op::SetLineOffset {
            multiplier: number(rise),
        });
    }

    fn glyph_items(&self, font: FontFace, glyphs: &[Glyph]) -> Vec<TextItem> {
        let texts = self.texts.get(&font);
        let mut items = Vec::new();
        let mut points = Vec::with_capacity(glyphs.len());
        for glyph in glyphs {
            if glyph.before != 0 {
                if !points.is_empty() {
                    items.push(TextItem::GlyphIds(std::mem::take(&mut points)));
                }
                items.push(TextItem::Offset(thousandths(-glyph.before)));
            }
            let text = texts
                .and_then(|texts| texts.get(&glyph.id))
                .cloned()
                .unwrap_or_default();
            points.push(Codepoint::with_cid(
                glyph.id,
                thousandths(glyph.after),
                text,
            ));
        }
        items.push(TextItem::GlyphIds(points));
        items
    }
}

fn from_bottom(y: Length) -> f32 {
    number(page::HEIGHT - y)
}

#[expect(clippy::float_arithmetic, reason = "printpdf takes points as floats")]
fn number(length: Length) -> f32 {
    // A page is far smaller than what 32 bits hold, and f64 divides it to the nearest f32.
    narrow(f64::from(i32::try_from(length.0).unwrap_or(i32::MAX)) / 1_000.0)
}

fn thousandths(value: i64) -> f32 {
    narrow(f64::from(i32::try_from(value).unwrap_or(i32::MAX)))
}

#[expect(clippy::cast_possible_truncation, reason = "printpdf takes 32 bits")]
fn narrow(value: f64) -> f32 {
    value as f32
}

#[expect(
    clippy::float_arithmetic,
    reason = "printpdf takes a colour's parts as floats"
)]
fn color(colour: Colour) -> Color {
    let part = |part: u8| f32::from(part) / 255.0;
    Color::Rgb(Rgb {
        r: part(colour.red),
        g: part(colour.green),
        b: part(colour.blue),
        icc_profile: None,
    })
}
