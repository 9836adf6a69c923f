//! Rows as PostgreSQL's driver hands them over.

use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::columns::unavailable;
use crate::jobs::JobStoreError;
use crate::rows::JobRow;

impl JobRow for PgRow {
    fn integer(&self, column: &str) -> Result<Option<i64>, JobStoreError> {
        self.try_get(column).map_err(unavailable)
    }

    fn text(&self, column: &str) -> Result<Option<String>, JobStoreError> {
        self.try_get(column).map_err(unavailable)
    }

    fn uuid(&self, column: &str) -> Result<Uuid, JobStoreError> {
        self.try_get(column).map_err(unavailable)
    }
}
