//! Lengths in thousandths of a point, so that no layout needs a float, and the page's measures.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// A length in thousandths of a point (1/72000 inch).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Length(pub(crate) i64);

impl Length {
    pub(crate) const ZERO: Self = Self(0);

    /// Tenths of a point.
    pub(crate) const fn tenths(tenths: i64) -> Self {
        Self(tenths * 100)
    }

    /// Whole points.
    pub(crate) const fn points(points: i64) -> Self {
        Self(points * 1_000)
    }

    /// Millimetres, to the thousandth of a point.
    pub(crate) const fn mm(millimetres: i64) -> Self {
        Self(millimetres * 72_000 * 10 / 254)
    }

    /// So many thousandths of it.
    pub(crate) const fn of_thousandths(self, thousandths: i64) -> Self {
        Self(self.0.saturating_mul(thousandths) / 1_000)
    }
}

impl Add for Length {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Length {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Length {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl SubAssign for Length {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Neg for Length {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Mul<i64> for Length {
    type Output = Self;
    fn mul(self, factor: i64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Div<i64> for Length {
    type Output = Self;
    fn div(self, divisor: i64) -> Self {
        Self(self.0.checked_div(divisor).unwrap_or(0))
    }
}

impl Sum for Length {
    fn sum<I: Iterator<Item = Self>>(lengths: I) -> Self {
        lengths.fold(Self::ZERO, Add::add)
    }
}

/// A4 (ISO 216), and where things stand on it. Places of the address window follow DIN 5008, form B.
pub(crate) mod page {
    use super::Length;

    /// Width of A4.
    pub(crate) const WIDTH: Length = Length::mm(210);
    /// Height of A4.
    pub(crate) const HEIGHT: Length = Length::mm(297);
    /// Left edge of everything.
    pub(crate) const LEFT: Length = Length::mm(25);
    /// Right edge of everything.
    pub(crate) const RIGHT: Length = Length::mm(190);
    /// Width between both.
    pub(crate) const CONTENT_WIDTH: Length = Length(RIGHT.0 - LEFT.0);
    /// Top of the letterhead.
    pub(crate) const TOP: Length = Length::mm(15);
    /// The line with the sender's address, above the buyer's.
    pub(crate) const RETURN_ADDRESS_TOP: Length = Length::mm(50);
    /// The buyer's address.
    pub(crate) const ADDRESS_TOP: Length = Length::mm(56);
    /// Width of the address window's text.
    pub(crate) const ADDRESS_WIDTH: Length = Length::mm(80);
    /// Left edge of the block with the seller and the document's data.
    pub(crate) const INFO_LEFT: Length = Length::mm(122);
    /// Where the body begins at the earliest on the first page.
    pub(crate) const BODY_TOP: Length = Length::mm(96);
    /// Where the body begins on the following pages.
    pub(crate) const CONTINUATION_TOP: Length = Length::mm(28);
    /// Lowest edge of the footer.
    pub(crate) const FOOTER_BOTTOM: Length = Length::mm(285);
}
