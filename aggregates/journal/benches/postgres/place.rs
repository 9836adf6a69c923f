//! A database for one contender, on the server of `STACK_POSTGRES_URL`.

use sqlx::{Connection, Executor, PgConnection};

pub(crate) struct Place {
    name: String,
    server: String,
}

impl Place {
    pub(crate) async fn new(what_for: &str) -> Self {
        let place = Self {
            name: invoiceapp_parts::unique(&format!("bench_{what_for}")),
            server: invoiceapp_parts::postgres_url(),
        };
        place
            .command(&format!("CREATE DATABASE {}", place.name))
            .await;
        place
    }

    pub(crate) fn url(&self) -> String {
        let address = self.server.split_once('?');
        let address = address.map_or(self.server.as_str(), |(address, _)| address);
        let (host, _) = address.rsplit_once('/').expect("a database's address");
        format!("{host}/{}", self.name)
    }

    pub(crate) async fn check_connections(&self, needed: i64) {
        let mut connection = self.connect().await;
        let most = "SELECT current_setting('max_connections')::bigint";
        let most: i64 = sqlx::query_scalar(most)
            .fetch_one(&mut connection)
            .await
            .expect("an answer");
        assert!(most >= needed, "max_connections has to be {needed} or more");
    }

    pub(crate) async fn connect(&self) -> PgConnection {
        let connection = PgConnection::connect(&self.url()).await;
        connection.expect("the contender's database")
    }

    async fn command(&self, sql: &str) {
        let server = PgConnection::connect(&self.server).await;
        let done = server.expect("the server").execute(sql).await;
        done.expect("a statement about a database");
    }

    /// It may be refused while the server is cleaning up after so many rows; what was measured is no
    /// worse for it.
    pub(crate) async fn remove(self) {
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let server = PgConnection::connect(&self.server).await;
        if let Err(error) = server.expect("the server").execute(sql.as_str()).await {
            eprintln!("the database {} is left: {error}", self.name);
        }
    }
}
