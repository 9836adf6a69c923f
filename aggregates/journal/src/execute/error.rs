//! Why a command was not committed, and why a stream could not be loaded.

use invoiceapp_domain::{ClaimKey, StreamId};
use jiff::civil::Date;
use thiserror::Error;

use crate::loaded::FoldError;
use crate::port::JournalError;

/// A stream that cannot be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("the stream cannot be read")]
    Journal(#[from] JournalError),
    /// It cannot be folded.
    #[error("the stream cannot be folded")]
    Fold(#[from] FoldError),
    /// It does not reach the version that was asked for.
    #[error("stream {stream} has no version {version}")]
    NoSuchVersion {
        /// Which stream.
        stream: StreamId,
        /// What was asked for.
        version: u64,
    },
}

/// Why a command was not committed.
#[derive(Debug, Error)]
pub enum ExecuteError<E: std::error::Error + 'static> {
    /// The aggregate, or whoever prepared the command, said no.
    #[error(transparent)]
    Refused(E),
    /// The stream is not at a version that the client insisted on (`If-Match`).
    #[error("the stream is at version {actual}, which is not the one insisted on")]
    VersionMismatch {
        /// What it is; 0 for a stream that does not exist, and that the command would have begun.
        actual: u64,
    },
    /// The command id was used for something else.
    #[error("the command id was used for another request")]
    CommandReused,
    /// Another stream holds the key.
    #[error("{} is taken", .key.kind)]
    ClaimTaken {
        /// Which key.
        key: ClaimKey,
    },
    /// The document is dated before the last one of its series.
    #[error("series {series} has reached {last}")]
    SeriesDateBeforeLast {
        /// The series' code.
        series: String,
        /// The date of its last document.
        last: Date,
    },
    /// Others were faster every time.
    #[error("the stream changed during every try")]
    Conflict,
    /// The command changes nothing on a stream that does not exist.
    #[error("there is no such stream")]
    NotFound,
    /// The command comes to more than one append may carry.
    #[error("the command exceeds {limit}")]
    TooLarge {
        /// The limit's name.
        limit: &'static str,
    },
    /// The stream could not be loaded.
    #[error("the stream cannot be loaded")]
    Load(#[from] LoadError),
    /// An event cannot be written as JSON, or has a form that no journal may keep.
    #[error("the command's events cannot be written down: {reason}")]
    Unwritable {
        /// What is wrong with them.
        reason: String,
    },
    /// The journal failed: whether the command was committed is unknown, and the same command id
    /// tells.
    #[error("the journal failed")]
    Journal(#[from] JournalError),
}
