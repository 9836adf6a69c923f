//! Items as operations of printpdf. Lengths become floats here and nowhere else.

use printpdf::{
    Color, CurTransMat, DictItem, FontId, Op, PaintMode, PdfFontHandle, Pt, Rect, Rgb, TextMatrix,
    TextRenderingMode, WindingOrder, XObjectId, XObjectTransform,
};

use super::fonts::SubsetFonts;
use super::save::LOGO_NAME;
use crate::layout::{Item, Length, page};
use crate::text::{Colour, FontFace, Glyph, GlyphRun, TextLine};

/// Cosine and sine of 45 degrees, and the sine of the way back.
const DIAGONAL: f32 = 0.707_106_77;
const DIAGONAL_BACK: f32 = -0.707_106_77;
/// A stroke that makes a regular font look bold, in thousandths of an em.
const BOLD_STROKE: i64 = 28;

/// The operations of a page.
pub(crate) fn page_operations(items: &[Item], fonts: &SubsetFonts) -> Vec<Op> {
    let mut pen = Pen {
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
    fonts: &'a SubsetFonts,
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
            let shown = DictItem::Array(self.strings(run.font, glyphs));
            // Not `ShowText`, which writes a string per glyph.
            self.operations.push(Op::Unknown {
                key: "TJ".to_owned(),
                value: vec![shown],
            });
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

    /// The codes of glyphs as strings, and between them how far the pen moves left, in thousandths
    /// of an em (ISO 32000-1, 9.4.3).
    fn strings(&self, font: FontFace, glyphs: &[Glyph]) -> Vec<DictItem> {
        let mut strings = Vec::new();
        let mut data = Vec::with_capacity(glyphs.len() * 2);
        let mut left = 0;
        for glyph in glyphs {
            left -= glyph.before;
            if left != 0 {
                push_string(&mut strings, &mut data);
                strings.push(DictItem::Int(left));
            }
            data.extend(self.fonts.code(font, glyph.id).to_be_bytes());
            left = glyph.after;
        }
        push_string(&mut strings, &mut data);
        if left != 0 {
            strings.push(DictItem::Int(left));
        }
        strings
    }
}

fn push_string(strings: &mut Vec<DictItem>, data: &mut Vec<u8>) {
    if !data.is_empty() {
        let data = std::mem::take(data);
        strings.push(DictItem::String {
            data,
            literal: false,
        });
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
