//! A journal and a view store in one temporary folder, and invoices to put into them.

use std::ops::Deref;
use std::sync::Arc;

use invoiceapp_domain::{Ambient, StreamId};
use invoiceapp_journal::execute::CommandExecutor;
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
pub(crate) use invoiceapp_projections::conformance::history::TODAY;
use invoiceapp_projections::conformance::history::{CountingAmbient, Invoices};
use invoiceapp_projections::projector::Projector;
use invoiceapp_projections::sqlite::SqliteViewStore;
use invoiceapp_projections::{ViewStore, Views};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;

pub(crate) struct Fixture {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) executor: CommandExecutor,
    pub(crate) store: Arc<dyn ViewStore>,
    pub(crate) projector: Projector,
    pub(crate) views: Views,
    pub(crate) invoices: Invoices,
    pub(crate) folder: TempDir,
}

impl Deref for Fixture {
    type Target = Invoices;

    fn deref(&self) -> &Invoices {
        &self.invoices
    }
}

impl Fixture {
    pub(crate) async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let ambient: Arc<dyn Ambient> = Arc::new(CountingAmbient::default());
        let options = SqliteOptions::new(folder.path().join("journal.db"));
        let journal = SqliteJournal::open(options, Arc::clone(&ambient))
            .await
            .unwrap();
        let journal: Arc<dyn Journal> = Arc::new(journal);
        let store = SqliteViewStore::open(&folder.path().join("views.db"))
            .await
            .unwrap();
        let store: Arc<dyn ViewStore> = Arc::new(store);
        let (projector, reached) = Projector::new(Arc::clone(&journal), Arc::clone(&store));
        Self {
            executor: CommandExecutor::new(Arc::clone(&journal)),
            invoices: Invoices::new(Arc::clone(&journal), ambient),
            views: Views::new(Arc::clone(&store), reached),
            journal,
            store,
            projector,
            folder,
        }
    }

    /// Makes the newest event of a stream unreadable, as somebody with the database in their hands
    /// can; returns what it said.
    pub(crate) async fn spoil(&self, stream: &StreamId) -> String {
        let mut connection = self.journal_file().await;
        let triggers = sqlx::query_scalar::<_, String>(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'",
        );
        for trigger in triggers.fetch_all(&mut connection).await.unwrap() {
            let drop = format!("DROP TRIGGER {trigger}");
            sqlx::query(&drop).execute(&mut connection).await.unwrap();
        }
        let payload = "SELECT payload FROM events WHERE aggregate_id = ?1 ORDER BY sequence DESC";
        let payload = sqlx::query_scalar(payload).bind(stream.aggregate_id());
        let payload: String = payload.fetch_one(&mut connection).await.unwrap();
        self.rewrite(stream, &payload, "{\"Nonsense\":{}}").await;
        payload
    }

    /// Puts a spoiled event right again.
    pub(crate) async fn repair(&self, stream: &StreamId, payload: &str) {
        self.rewrite(stream, "{\"Nonsense\":{}}", payload).await;
    }

    async fn rewrite(&self, stream: &StreamId, from: &str, to: &str) {
        let update = "UPDATE events SET payload = ?3 WHERE aggregate_id = ?1 AND payload = ?2";
        let update = sqlx::query(update)
            .bind(stream.aggregate_id())
            .bind(from)
            .bind(to);
        let done = update.execute(&mut self.journal_file().await).await;
        assert_eq!(done.unwrap().rows_affected(), 1);
    }

    async fn journal_file(&self) -> SqliteConnection {
        let file = self.folder.path().join("journal.db");
        let options = SqliteConnectOptions::new().filename(file);
        SqliteConnection::connect_with(&options).await.unwrap()
    }
}
