//! The journal as a visitor sees it: beside the processes that write it.

use sqlx::Connection;

use super::error::within;
use super::open::{DEADLINE, OpenError, PostgresOptions, Settings, connect_writer};
use super::read::Reader;
use crate::port::JournalError;
use crate::sides::ReadOnly;

/// A journal that is only looked at.
pub type PostgresReadOnly = ReadOnly<Reader>;

impl PostgresReadOnly {
    /// Opens a journal that exists.
    ///
    /// # Errors
    /// [`OpenError`] says whether the server cannot be reached, or has no journal of ours.
    pub async fn open(options: &PostgresOptions) -> Result<Self, OpenError> {
        let opened = Self::over(Reader::new(&Settings::new(options)?)).await;
        opened.map_err(|error| OpenError::Head(error.into()))
    }

    /// Whether the server is one that a journal can be trusted to: its version, and that it loses
    /// nothing that it has acknowledged.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn check_server(options: &PostgresOptions) -> Result<(), OpenError> {
        let connection = connect_writer(&Settings::new(options)?).await?;
        if let Err(failure) = within(DEADLINE, connection.close()).await {
            let error = JournalError::from(failure);
            tracing::debug!(%error, "the connection that was only a question was lost");
        }
        Ok(())
    }
}
