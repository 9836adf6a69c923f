//! What PostgreSQL's error codes mean to the journal
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).

use std::error::Error;
use std::time::Duration;

use tokio::time::timeout;

use crate::port::JournalError;
use crate::writer::engine::{EngineError, Written};

const UNIQUE_VIOLATION: &str = "23505";
const LOCK_NOT_AVAILABLE: &str = "55P03";
const DATA_CORRUPTED: &str = "XX001";
const INDEX_CORRUPTED: &str = "XX002";

fn has_code(error: &sqlx::Error, codes: &[&str]) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| codes.contains(&code.as_ref()))
}

/// What a failed batch means. Messages of the database name tables and constraints; its details,
/// which name values, are never asked for.
pub(super) fn of_write(error: EngineFailure) -> Result<Written, EngineError> {
    match error {
        EngineFailure::Database(error) if has_code(&error, &[UNIQUE_VIOLATION]) => {
            Ok(Written::Occupied)
        }
        other => Err(other.into()),
    }
}

/// Whether the server gave up waiting for a lock. The connection is as good as before.
pub(super) fn is_lock_timeout(failure: &EngineFailure) -> bool {
    matches!(failure, EngineFailure::Database(error) if has_code(error, &[LOCK_NOT_AVAILABLE]))
}

/// A statement that did not end well, or not in time.
#[derive(Debug)]
pub(super) enum EngineFailure {
    /// The driver's word.
    Database(sqlx::Error),
    /// The deadline has passed; the connection is of no use any more.
    TooLate(Duration),
}

impl From<EngineFailure> for EngineError {
    fn from(failure: EngineFailure) -> Self {
        match failure {
            EngineFailure::Database(error) => engine_error(&error),
            EngineFailure::TooLate(deadline) => Self::Unavailable {
                reason: format!("no answer within {} ms", deadline.as_millis()),
            },
        }
    }
}

impl From<EngineFailure> for JournalError {
    fn from(failure: EngineFailure) -> Self {
        EngineError::from(failure).into()
    }
}

/// Waits no longer than `deadline`.
pub(super) async fn within<T>(
    deadline: Duration,
    statement: impl Future<Output = Result<T, sqlx::Error>> + Send,
) -> Result<T, EngineFailure> {
    match timeout(deadline, statement).await {
        Ok(answer) => answer.map_err(EngineFailure::Database),
        Err(_) => Err(EngineFailure::TooLate(deadline)),
    }
}

/// Any other failure, with its causes, for the log.
pub(super) fn engine_error(error: &sqlx::Error) -> EngineError {
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !reason.contains(&text) {
            reason = format!("{reason}: {text}");
        }
        cause = error.source();
    }
    if has_code(error, &[DATA_CORRUPTED, INDEX_CORRUPTED]) {
        EngineError::Damaged {
            position: 0,
            reason,
        }
    } else {
        EngineError::Unavailable { reason }
    }
}

/// The same for a reader.
pub(super) fn journal_error(error: &sqlx::Error) -> JournalError {
    engine_error(error).into()
}
