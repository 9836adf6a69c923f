//! Whether two forms of numbers have a number in common.

use std::collections::HashSet;

/// What stands at one place of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// One of these bytes.
    OneOf(&'static [u8]),
    /// This byte.
    Byte(u8),
    /// Digits, any number of them.
    Digits,
}

impl Place {
    /// A decimal digit.
    pub(super) const DIGIT: Self = Self::OneOf(b"0123456789");

    fn allows(self, byte: u8) -> bool {
        match self {
            Self::OneOf(bytes) => bytes.contains(&byte),
            Self::Byte(own) => own == byte,
            Self::Digits => byte.is_ascii_digit(),
        }
    }

    fn meets(self, other: Self) -> bool {
        (0..=u8::MAX).any(|byte| self.allows(byte) && other.allows(byte))
    }
}

/// Whether a text fits both forms. Both are read side by side, each pair of places once.
pub(super) fn overlap(left: &[Place], right: &[Place]) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![(0_usize, 0_usize)];
    while let Some((at, other_at)) = open.pop() {
        if !seen.insert((at, other_at)) {
            continue;
        }
        let (place, other) = (left.get(at), right.get(other_at));
        if place.is_none() && other.is_none() {
            return true;
        }
        // Digits may end here.
        if place == Some(&Place::Digits) {
            open.push((at.saturating_add(1), other_at));
        }
        if other == Some(&Place::Digits) {
            open.push((at, other_at.saturating_add(1)));
        }
        if let (Some(place), Some(other)) = (place, other)
            && place.meets(*other)
        {
            open.push((behind(*place, at), behind(*other, other_at)));
        }
    }
    false
}

/// Where a form goes on after one byte.
const fn behind(place: Place, at: usize) -> usize {
    match place {
        Place::Digits => at,
        Place::OneOf(_) | Place::Byte(_) => at.saturating_add(1),
    }
}
