//! A database file in a directory that goes away with the test.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::Ambient;
use invoiceapp_journal::conformance::{Subject, Tampering};
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use tokio::sync::Mutex;

pub(crate) struct SqliteSubject {
    directory: TempDir,
    opened: Mutex<Vec<SqliteJournal>>,
}

impl SqliteSubject {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            opened: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("journal.db")
    }

    pub(crate) fn options(&self) -> SqliteOptions {
        SqliteOptions::new(self.path())
    }

    /// A connection with nobody's rules but the database's.
    pub(crate) async fn by_hand(&self) -> SqliteConnection {
        SqliteConnectOptions::new()
            .filename(self.path())
            .connect()
            .await
            .unwrap()
    }
}

#[async_trait]
impl Subject for SqliteSubject {
    async fn open(&self, ambient: Arc<dyn Ambient>) -> Arc<dyn Journal> {
        let journal = SqliteJournal::open(self.options(), ambient).await.unwrap();
        self.opened.lock().await.push(journal.clone());
        Arc::new(journal)
    }

    async fn close_all(&self) {
        for journal in self.opened.lock().await.drain(..) {
            journal.close().await;
        }
    }

    async fn tamper(&self, tampering: Tampering) -> Result<(), String> {
        let (sql, position) = match tampering {
            Tampering::Update(at) => ("UPDATE events SET payload = '{}' WHERE position = ?1", at),
            Tampering::Delete(at) => ("DELETE FROM events WHERE position = ?1", at),
            Tampering::Replace(at) => (
                "INSERT OR REPLACE INTO events SELECT aggregate_type, aggregate_id, sequence, \
                 event_type, event_version, '{}', metadata, 99, event_id, recorded_at, \
                 command_id, hash FROM events WHERE position = ?1",
                at,
            ),
            Tampering::FlipByte(at) => (
                "DROP TRIGGER events_are_never_updated; \
                 UPDATE events SET payload = substr(payload, 1, 4) || 'X' || substr(payload, 6) \
                 WHERE position = ?1",
                at,
            ),
        };
        let mut connection = self.by_hand().await;
        let position = i64::try_from(position).unwrap();
        let done = sqlx::query(sql)
            .bind(position)
            .execute(&mut connection)
            .await;
        connection.close().await.unwrap();
        done.map(|_| ()).map_err(|error| error.to_string())
    }
}
