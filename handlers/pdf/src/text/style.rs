//! How a text looks.

use super::font::Weight;
use crate::layout::Length;

/// A colour of the sRGB space, eight bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour {
    pub(crate) red: u8,
    pub(crate) green: u8,
    pub(crate) blue: u8,
}

impl Colour {
    /// `0xRRGGBB`.
    pub(crate) const fn hex(rgb: u32) -> Self {
        let [_, red, green, blue] = rgb.to_be_bytes();
        Self { red, green, blue }
    }
}

/// Size, weight and colour of a text, and the distance of its baselines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextStyle {
    pub(crate) size: Length,
    pub(crate) weight: Weight,
    pub(crate) colour: Colour,
    pub(crate) line_height: Length,
}

impl TextStyle {
    /// A style whose lines are 1.4 sizes apart: room for the marks of Vietnamese and Arabic.
    pub(crate) const fn new(size: Length, weight: Weight, colour: Colour) -> Self {
        Self {
            size,
            weight,
            colour,
            line_height: Length(size.0 * 14 / 10),
        }
    }

    /// The same style in another size.
    pub(crate) const fn sized(self, size: Length) -> Self {
        Self { size, ..self }
    }

    /// From the top of a line to its baseline.
    pub(crate) const fn baseline(self) -> Length {
        Length((self.line_height.0 - self.size.0) / 2 + self.size.0 * 88 / 100)
    }
}
