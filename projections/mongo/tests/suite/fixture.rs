//! A journal, views of it in SQLite and views of it in MongoDB.

use std::sync::Arc;

use invoiceapp_domain::{Ambient, StreamId};
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_mongo::{MongoSettings, MongoViewStore};
use invoiceapp_parts as parts;
use invoiceapp_projections::ViewStore;
use invoiceapp_projections::conformance::history::{
    CountingAmbient, Invoices, Seeded, assert_the_same,
};
use invoiceapp_projections::projector::Projector;
use invoiceapp_projections::sqlite::SqliteViewStore;
use mongodb::bson::{Document, doc};
use tempfile::TempDir;

/// Settings of a database that nobody else uses. Its name must be short.
pub(crate) fn settings() -> MongoSettings {
    MongoSettings {
        url: parts::mongodb_url().into(),
        database_prefix: parts::unique("v").chars().take(20).collect(),
    }
}

pub(crate) async fn open(settings: &MongoSettings) -> Arc<MongoViewStore> {
    let ambient = CountingAmbient::default();
    Arc::new(MongoViewStore::new(settings, &ambient).await.unwrap())
}

pub(crate) struct Fixture {
    pub(crate) invoices: Invoices,
    pub(crate) settings: MongoSettings,
    pub(crate) mongo: Arc<MongoViewStore>,
    pub(crate) projector: Projector,
    sqlite: Arc<dyn ViewStore>,
    expected: Projector,
    pub(crate) streams: Vec<StreamId>,
    pub(crate) random: Seeded,
    _folder: TempDir,
}

impl Fixture {
    pub(crate) async fn open(seed: u64) -> Self {
        let folder = TempDir::new().unwrap();
        let ambient: Arc<dyn Ambient> = Arc::new(CountingAmbient::default());
        let options = SqliteOptions::new(folder.path().join("journal.db"));
        let journal = SqliteJournal::open(options, Arc::clone(&ambient)).await;
        let journal: Arc<dyn Journal> = Arc::new(journal.unwrap());
        let sqlite = SqliteViewStore::open(&folder.path().join("views.db")).await;
        let sqlite: Arc<dyn ViewStore> = Arc::new(sqlite.unwrap());
        let settings = settings();
        let mongo = open(&settings).await;
        Self {
            projector: Projector::new(Arc::clone(&journal), mongo.clone()).0,
            expected: Projector::new(Arc::clone(&journal), Arc::clone(&sqlite)).0,
            invoices: Invoices::new(journal, ambient),
            settings,
            mongo,
            sqlite,
            streams: Vec::new(),
            random: Seeded::new(seed),
            _folder: folder,
        }
    }

    pub(crate) async fn take_steps(&mut self, steps: u32) {
        for _ in 0..steps {
            let invoices = &self.invoices;
            invoices
                .take_a_step(&mut self.random, &mut self.streams)
                .await;
        }
    }

    /// Both stores have seen everything, and are the same field by field.
    pub(crate) async fn assert_equals_sqlite(&self) {
        let reached = self.projector.catch_up().await.unwrap();
        assert_eq!(reached, self.expected.catch_up().await.unwrap());
        assert_the_same(&*self.mongo, &*self.sqlite, &self.streams).await;
    }

    /// Leaves the documents as they are and puts the checkpoint back, as a crash between the two
    /// would have left it.
    pub(crate) async fn put_checkpoint_back(&self, position: u64) {
        let position = i64::try_from(position).unwrap();
        self.change_progress(doc! { "$set": { "position": position } })
            .await;
    }

    /// Leaves the database as a program does that does not know of views being built.
    pub(crate) async fn forget_built(&self) {
        self.change_progress(doc! { "$unset": { "built": "" } })
            .await;
    }

    async fn change_progress(&self, change: Document) {
        let client = mongodb::Client::with_uri_str(parts::mongodb_url()).await;
        let database = client.unwrap().database(&self.settings.database_name());
        let progress = database.collection::<Document>("progress");
        let updated = progress.update_one(doc! { "_id": "views" }, change).await;
        assert_eq!(updated.unwrap().matched_count, 1);
    }

    pub(crate) async fn close(self) {
        self.mongo.drop_everything().await.unwrap();
    }
}
