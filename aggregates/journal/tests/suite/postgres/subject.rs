//! A database of its own, which goes away with the test.

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::Ambient;
use invoiceapp_journal::conformance::{Subject, Tampering};
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::postgres::{PostgresJournal, PostgresOptions};
use secrecy::SecretString;
use sqlx::{Connection, Executor, PgConnection, PgPool};
use tokio::sync::{Mutex, OnceCell};

pub(crate) struct PostgresSubject {
    name: String,
    created: OnceCell<()>,
    opened: Mutex<Vec<PostgresJournal>>,
}

impl PostgresSubject {
    pub(crate) fn new() -> Self {
        Self {
            name: invoiceapp_parts::unique("journal"),
            created: OnceCell::new(),
            opened: Mutex::new(Vec::new()),
        }
    }

    pub(crate) async fn created() -> Self {
        let subject = Self::new();
        subject.create("").await;
        subject
    }

    /// With something behind `CREATE DATABASE name`.
    pub(crate) async fn create(&self, how: &str) {
        let create = || async {
            let mut server = by_hand(&invoiceapp_parts::postgres_url()).await;
            let sql = format!("CREATE DATABASE {} {how}", self.name);
            server.execute(sql.as_str()).await.unwrap();
            server.close().await.unwrap();
        };
        self.created.get_or_init(create).await;
    }

    pub(crate) fn url(&self) -> String {
        let server = invoiceapp_parts::postgres_url();
        let address = server.split_once('?').map_or(server.as_str(), |it| it.0);
        let (host, _) = address.rsplit_once('/').unwrap();
        format!("{host}/{}", self.name)
    }

    /// Where the server listens, and the database's address by another way to it.
    pub(crate) fn by_way_of(&self, address: std::net::SocketAddr) -> (String, String) {
        let url = self.url();
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, database) = rest.split_once('/').unwrap();
        let (user, host) = authority.rsplit_once('@').unwrap();
        let other = format!("{scheme}://{user}@{address}/{database}?sslmode=disable");
        (host.to_owned(), other)
    }

    /// A connection with nobody's rules but the database's.
    pub(crate) async fn by_hand(&self) -> PgConnection {
        by_hand(&self.url()).await
    }

    pub(crate) async fn run(&self, sql: &str) -> Result<(), sqlx::Error> {
        let mut connection = self.by_hand().await;
        let done = connection.execute(sql).await;
        connection.close().await.unwrap();
        done.map(|_| ())
    }

    pub(crate) async fn pool(&self) -> PgPool {
        PgPool::connect(&self.url()).await.unwrap()
    }

    pub(crate) async fn journal(&self) -> PostgresJournal {
        self.journal_at(&self.url()).await
    }

    pub(crate) async fn journal_at(&self, url: &str) -> PostgresJournal {
        let journal = PostgresJournal::open(options(url), crate::ledger::ambient()).await;
        let journal = journal.unwrap();
        self.opened.lock().await.push(journal.clone());
        journal
    }
}

pub(crate) fn options(url: &str) -> PostgresOptions {
    PostgresOptions::new(SecretString::from(url))
}

async fn by_hand(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

#[async_trait]
impl Subject for PostgresSubject {
    async fn open(&self, ambient: Arc<dyn Ambient>) -> Arc<dyn Journal> {
        self.create("").await;
        let journal = PostgresJournal::open(options(&self.url()), ambient).await;
        let journal = journal.unwrap();
        self.opened.lock().await.push(journal.clone());
        Arc::new(journal)
    }

    async fn close_all(&self) {
        for journal in self.opened.lock().await.drain(..) {
            journal.close().await;
        }
    }

    async fn tamper(&self, tampering: Tampering) -> Result<(), String> {
        let sql = match tampering {
            Tampering::Update(at) => {
                format!("UPDATE events SET payload = '{{}}' WHERE position = {at}")
            }
            Tampering::Delete(at) => format!("DELETE FROM events WHERE position = {at}"),
            Tampering::Replace(at) => format!(
                "INSERT INTO events SELECT * FROM events WHERE position = {at} \
                 ON CONFLICT (position) DO UPDATE SET payload = '{{}}'"
            ),
            Tampering::FlipByte(at) => format!(
                "DROP TRIGGER events_are_never_changed ON events; \
                 UPDATE events SET payload = \
                 overlay(payload::text PLACING 'X' FROM 5 FOR 1)::json WHERE position = {at}"
            ),
        };
        self.run(&sql).await.map_err(|error| error.to_string())
    }
}

impl Drop for PostgresSubject {
    fn drop(&mut self) {
        if !self.created.initialized() {
            return;
        }
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        // A runtime of its own, because this may be one that is ending.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut server = by_hand(&invoiceapp_parts::postgres_url()).await;
                server.execute(sql.as_str()).await.map(|_| ())
            })
        });
        // A database that stays behind is no reason to fail a test, least of all one that fails.
        let _ = dropped.join();
    }
}
