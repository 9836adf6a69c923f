//! What a process holds ready for all its renderings.

use std::fmt;

use crate::pdf::UsualSubsets;
use crate::text::Fonts;

/// Parsed fonts, shaped words, and the subsets of the usual glyphs. One per process is enough: it is
/// filled on use and shared by threads, and what it holds depends on the fonts alone.
#[derive(Default)]
pub struct Assets {
    pub(crate) fonts: Fonts,
    pub(crate) usual: UsualSubsets,
}

impl Assets {
    /// Assets of which nothing is made yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for Assets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Assets").finish_non_exhaustive()
    }
}
