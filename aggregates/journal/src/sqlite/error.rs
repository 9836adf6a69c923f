//! What SQLite's error codes mean to the journal (<https://www.sqlite.org/rescode.html>).

use super::open::{OpenError, SqliteOptions};
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

/// Why a journal cannot be opened, in words.
pub(super) fn explain(options: &SqliteOptions, error: &rusqlite::Error) -> OpenError {
    let code = error.sqlite_error().map(|error| error.extended_code);
    explain_code(options, code, engine_error(error))
}

/// The same for the driver that brings the tables up to date.
pub(super) fn explain_migration(options: &SqliteOptions, error: &sqlx::Error) -> OpenError {
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.and_then(|code| code.parse().ok());
    let source = EngineError::Unavailable {
        reason: error.to_string(),
    };
    explain_code(options, code, source)
}

fn explain_code(options: &SqliteOptions, code: Option<i32>, source: EngineError) -> OpenError {
    let path = options.path.clone();
    match code.map(|code| code & PRIMARY_CODE_MASK) {
        Some(SQLITE_PERM | SQLITE_READONLY | SQLITE_CANTOPEN) => {
            OpenError::NotWritable { path, source }
        }
        Some(SQLITE_CORRUPT | SQLITE_NOTADB) => OpenError::NotAJournal { path, source },
        _ => OpenError::Database(source),
    }
}

/// What a failed batch means. Texts of the database name tables and columns, never values.
pub(super) fn of_write(error: &rusqlite::Error) -> Result<Written, EngineError> {
    let rusqlite::Error::SqliteFailure(code, message) = error else {
        return Err(engine_error(error));
    };
    match (code.extended_code, message.as_deref()) {
        (SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE, _)
        | (SQLITE_CONSTRAINT_TRIGGER, Some("events are immutable: occupied")) => {
            Ok(Written::Occupied)
        }
        _ => Err(engine_error(error)),
    }
}

/// Any other failure, for the log.
pub(super) fn engine_error(error: &rusqlite::Error) -> EngineError {
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
