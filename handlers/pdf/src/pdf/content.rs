//! Items as the operators of a page's content stream (ISO 32000-1, 7.8.2).
//!
//! printpdf has them as values of its own, with lengths as floats; turning those into text took
//! longer than the layout. Lengths are thousandths of a point and become decimals here.

use std::io::Write;

use super::fonts::{Codes, DocumentFonts};
use super::save::LOGO_NAME;
use crate::layout::{Item, Length, page};
use crate::text::{Colour, FontFace, GlyphRun, TextLine};

/// Cosine and sine of 45 degrees, in thousandths.
const DIAGONAL: Length = Length(707);
/// A stroke that makes a regular font look bold, in thousandths of an em.
const BOLD_STROKE: i64 = 28;
/// Text rendering modes (ISO 32000-1, 9.3.6).
const FILL: i64 = 0;
const FILL_AND_STROKE: i64 = 2;

/// The content stream of a page.
pub(crate) fn page_content(items: &[Item], fonts: &DocumentFonts) -> Vec<u8> {
    let mut pen = Pen {
        fonts,
        content: Vec::new(),
        fill: None,
        font: None,
    };
    for item in items {
        pen.draw(item);
    }
    pen.content
}

struct Pen<'a> {
    fonts: &'a DocumentFonts,
    content: Vec<u8>,
    fill: Option<Colour>,
    font: Option<(FontFace, Length)>,
}

impl Pen<'_> {
    fn draw(&mut self, item: &Item) {
        match *item {
            Item::Text {
                x,
                baseline,
                ref line,
            } => self.text(line, "Td", &[x, from_bottom(baseline)]),
            Item::Watermark {
                x,
                baseline,
                ref line,
            } => {
                let (cosine, y) = (DIAGONAL, from_bottom(baseline));
                self.text(line, "Tm", &[cosine, cosine, -cosine, cosine, x, y]);
            }
            Item::Fill {
                x,
                y,
                width,
                height,
                colour,
            } => {
                self.fill(colour);
                self.operator("re", &[x, from_bottom(y + height), width, height]);
                self.operator("f", &[]);
            }
            Item::Logo {
                x,
                y,
                width,
                height,
            } => {
                let none = Length::ZERO;
                self.operator("q", &[]);
                self.operator(
                    "cm",
                    &[width, none, none, height, x, from_bottom(y + height)],
                );
                self.text_of(format_args!("/{LOGO_NAME} Do\n"));
                self.operator("Q", &[]);
            }
        }
    }

    fn fill(&mut self, colour: Colour) {
        if self.fill != Some(colour) {
            self.fill = Some(colour);
            self.operator("rg", &parts(colour));
        }
    }

    fn text(&mut self, line: &TextLine, place: &str, operands: &[Length]) {
        if line.runs.is_empty() {
            return;
        }
        self.fill(line.style.colour);
        self.operator("BT", &[]);
        self.operator(place, operands);
        for run in &line.runs {
            self.font(run.font, line.style.size);
            if line.is_stroked(run) {
                self.operator("RG", &parts(line.style.colour));
                self.operator("w", &[line.style.size.of_thousandths(BOLD_STROKE)]);
                self.text_of(format_args!("{FILL_AND_STROKE} Tr\n"));
                self.run(run, line.style.size);
                self.text_of(format_args!("{FILL} Tr\n"));
            } else {
                self.run(run, line.style.size);
            }
        }
        self.operator("ET", &[]);
    }

    fn font(&mut self, font: FontFace, size: Length) {
        if self.font != Some((font, size)) {
            self.font = Some((font, size));
            self.text_of(format_args!("/{} ", font.resource_name()));
            self.operator("Tf", &[size]);
        }
    }

    /// Glyphs side by side: their codes, and between them how far the pen moves left (ISO 32000-1,
    /// 9.4.3). Those of another rise get an operator of their own.
    fn run(&mut self, run: &GlyphRun, size: Length) {
        let codes = self.fonts.codes(run.font);
        let mut shown = Shown::default();
        let mut rise = 0;
        for glyph in run.glyphs() {
            if glyph.rise != rise {
                shown.end(&mut self.content);
                rise = glyph.rise;
                self.operator("Ts", &[size.of_thousandths(i64::from(rise))]);
            }
            shown.left -= glyph.before;
            shown.glyph(&mut self.content, codes, glyph.id);
            shown.left = glyph.after;
        }
        shown.end(&mut self.content);
        if rise != 0 {
            self.operator("Ts", &[Length::ZERO]);
        }
    }

    fn operator(&mut self, operator: &str, operands: &[Length]) {
        for operand in operands {
            decimal(&mut self.content, *operand);
            self.content.push(b' ');
        }
        self.content.extend_from_slice(operator.as_bytes());
        self.content.push(b'\n');
    }

    fn text_of(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing into a vector cannot fail.
        let _ = self.content.write_fmt(arguments);
    }
}

/// The operand of a `TJ` that is being written.
#[derive(Default)]
struct Shown {
    in_array: bool,
    in_string: bool,
    /// How far the pen has to move left before the next glyph, in thousandths of an em.
    left: i32,
}

impl Shown {
    fn glyph(&mut self, content: &mut Vec<u8>, codes: &Codes, glyph: u16) {
        self.begin(content);
        self.move_left(content);
        if !self.in_string {
            content.push(b'<');
            self.in_string = true;
        }
        for byte in codes.of(glyph).to_be_bytes() {
            content.extend_from_slice(&hexadecimal(byte));
        }
    }

    fn begin(&mut self, content: &mut Vec<u8>) {
        if !self.in_array {
            content.push(b'[');
            self.in_array = true;
        }
    }

    fn move_left(&mut self, content: &mut Vec<u8>) {
        if self.left != 0 {
            self.end_string(content);
            let _ = write!(content, "{}", self.left);
            self.left = 0;
        }
    }

    fn end_string(&mut self, content: &mut Vec<u8>) {
        if self.in_string {
            content.push(b'>');
            self.in_string = false;
        }
    }

    fn end(&mut self, content: &mut Vec<u8>) {
        if self.in_array {
            self.move_left(content);
            self.end_string(content);
            content.extend_from_slice(b"]TJ\n");
        }
        *self = Self::default();
    }
}

fn hexadecimal(byte: u8) -> [u8; 2] {
    let digit = |value: u8| {
        if value < 10 {
            b'0' + value
        } else {
            b'A' + value - 10
        }
    };
    [digit(byte >> 4), digit(byte & 0xf)]
}

fn from_bottom(y: Length) -> Length {
    page::HEIGHT - y
}

/// Red, green and blue, each from nought to one.
fn parts(colour: Colour) -> [Length; 3] {
    let part = |part: u8| Length((i64::from(part) * 1_000 + 127) / 255);
    [colour.red, colour.green, colour.blue].map(part)
}

/// A number of thousandths as a decimal without needless digits.
fn decimal(content: &mut Vec<u8>, Length(thousandths): Length) {
    let magnitude = thousandths.unsigned_abs();
    let (whole, mut rest) = (magnitude / 1_000, magnitude % 1_000);
    let sign = if thousandths < 0 { "-" } else { "" };
    let _ = write!(content, "{sign}{whole}");
    if rest == 0 {
        return;
    }
    let mut digits = 3;
    while rest.is_multiple_of(10) {
        rest /= 10;
        digits -= 1;
    }
    let _ = write!(content, ".{rest:0digits$}");
}

#[cfg(test)]
mod tests {
    use super::{decimal, hexadecimal};
    use crate::layout::Length;

    #[test]
    fn a_length_is_written_without_needless_digits() {
        for (thousandths, written) in [
            (0, "0"),
            (12_000, "12"),
            (12_340, "12.34"),
            (-1_005, "-1.005"),
            (-40, "-0.04"),
            (595_276, "595.276"),
        ] {
            let mut content = Vec::new();
            decimal(&mut content, Length(thousandths));
            assert_eq!(content, written.as_bytes());
        }
    }

    #[test]
    fn a_byte_has_two_hexadecimal_digits() {
        assert_eq!(
            [0x00, 0x9a, 0xff].map(hexadecimal),
            [*b"00", *b"9A", *b"FF"]
        );
    }
}
