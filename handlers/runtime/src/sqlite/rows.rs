//! Rows as SQLite's driver hands them over.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::columns::{damaged, unavailable};
use crate::jobs::JobStoreError;
use crate::rows::JobRow;

impl JobRow for SqliteRow {
    fn integer(&self, column: &str) -> Result<Option<i64>, JobStoreError> {
        self.try_get(column).map_err(unavailable)
    }

    fn text(&self, column: &str) -> Result<Option<String>, JobStoreError> {
        self.try_get(column).map_err(unavailable)
    }

    fn uuid(&self, column: &str) -> Result<Uuid, JobStoreError> {
        let bytes: &[u8] = self.try_get(column).map_err(unavailable)?;
        Uuid::from_slice(bytes).map_err(|_| damaged(column))
    }
}
