//! What SQLite's error codes mean to the journal (<https://www.sqlite.org/rescode.html>).

use std::error::Error;

use crate::port::JournalError;
use crate::writer::engine::{EngineError, Written};

const SQLITE_PERM: i32 = 3;
const SQLITE_READONLY: i32 = 8;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_CANTOPEN: i32 = 14;
const SQLITE_NOTADB: i32 = 26;
const SQLITE_CONSTRAINT_PRIMARYKEY: i32 = 1555;
const SQLITE_CONSTRAINT_TRIGGER: i32 = 1811;
const SQLITE_CONSTRAINT_UNIQUE: i32 = 2067;
/// The primary code is the low byte of the extended one.
const PRIMARY_CODE_MASK: i32 = 0xff;

/// The extended result code, when the database itself has spoken.
fn code_of(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// Whether the place cannot be written.
pub(super) fn is_not_writable(error: &sqlx::Error) -> bool {
    let primary = code_of(error).map(|code| code & PRIMARY_CODE_MASK);
    matches!(
        primary,
        Some(SQLITE_PERM | SQLITE_READONLY | SQLITE_CANTOPEN)
    )
}

/// Whether the file is damaged, or something else than a database.
pub(super) fn is_damaged(error: &sqlx::Error) -> bool {
    let primary = code_of(error).map(|code| code & PRIMARY_CODE_MASK);
    matches!(primary, Some(SQLITE_CORRUPT | SQLITE_NOTADB))
}

/// What a failed batch means. Texts of the database name tables and columns, never values.
pub(super) fn of_write(error: sqlx::Error) -> Result<Written, EngineError> {
    match code_of(&error) {
        Some(SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE) => Ok(Written::Occupied),
        Some(SQLITE_CONSTRAINT_TRIGGER) => {
            let message = error
                .as_database_error()
                .map_or("", |error| error.message());
            match message {
                "head moved" => Ok(Written::HeadMoved),
                "events are immutable: occupied" => Ok(Written::Occupied),
                _ => Err(engine_error(&error)),
            }
        }
        _ => Err(engine_error(&error)),
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
    if is_damaged(error) {
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
