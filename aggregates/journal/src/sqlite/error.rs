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
pub(super) fn of_write(error: &rusqlite::Error) -> Result<Written, EngineError> {
    let rusqlite::Error::SqliteFailure(code, message) = error else {
        return Err(writer_error(error));
    };
    match (code.extended_code, message.as_deref()) {
        (SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE, _)
        | (SQLITE_CONSTRAINT_TRIGGER, Some("events are immutable: occupied")) => {
            Ok(Written::Occupied)
        }
        _ => Err(writer_error(error)),
    }
}

/// Any other failure of the writing connection, for the log.
pub(super) fn writer_error(error: &rusqlite::Error) -> EngineError {
    let code = error.sqlite_error().map(|error| error.extended_code);
    let reason = match code {
        Some(code) => format!("{error} (SQLite {code})"),
        None => error.to_string(),
    };
    match code.map(|code| code & PRIMARY_CODE_MASK) {
        Some(SQLITE_CORRUPT | SQLITE_NOTADB) => EngineError::Damaged {
            position: 0,
            reason,
        },
        _ => EngineError::Unavailable { reason },
    }
}

/// A failure of the other connections, with its causes, for the log.
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
