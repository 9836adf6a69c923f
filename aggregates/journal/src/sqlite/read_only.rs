//! The journal as a visitor sees it: beside a process that writes it, or when there is none.

use super::open::{OpenError, SqliteOptions};
use super::read::Reader;
use crate::sides::ReadOnly;

/// A journal that is only looked at. It takes no lock that a writer would wait for.
pub type SqliteReadOnly = ReadOnly<Reader>;

impl SqliteReadOnly {
    /// Opens a journal that exists.
    ///
    /// # Errors
    /// [`OpenError`] says whether the file is missing, damaged, or no journal of ours.
    pub async fn open(options: &SqliteOptions) -> Result<Self, OpenError> {
        let opened = Self::over(Reader::open(options).await?).await;
        opened.map_err(|error| OpenError::Head(error.into()))
    }
}
