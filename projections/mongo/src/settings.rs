//! Where the server is, and how long it may take.

use std::sync::Once;
use std::time::Duration;

use invoiceapp_domain::STATE_HASH;
use invoiceapp_projections::{DEFINITION, ViewError};
use mongodb::options::{Acknowledgment, ClientOptions, ReadConcern, WriteConcern};
use mongodb::{Client, Database};
use secrecy::{ExposeSecret, SecretString};

/// Most connections to one server.
pub const CONNECTIONS_MAX: u32 = 16;
/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an operation looks for a server that can take it.
pub const SERVER_SELECTION_TIMEOUT: Duration = Duration::from_secs(3);

/// Where the views are kept.
#[derive(Debug, Clone)]
pub struct MongoSettings {
    /// A connection string: `mongodb://user:password@host:port`. TLS by `tls=true`, a private
    /// authority by `tlsCAFile`.
    pub url: SecretString,
    /// What the database's name begins with; at most 30 letters, digits and underscores.
    pub database_prefix: String,
}

impl MongoSettings {
    /// Views under the usual name.
    #[must_use]
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            database_prefix: "invoiceapp_views".to_owned(),
        }
    }

    /// The database's name. It holds what made the views: another fold or another form of the
    /// documents is another database, built anew from the journal.
    #[must_use]
    pub fn database_name(&self) -> String {
        format!("{}_{DEFINITION}_{STATE_HASH}", self.database_prefix)
    }

    /// The database; nothing is connected to yet.
    pub(crate) async fn database(&self) -> Result<Database, ViewError> {
        init_crypto();
        let mut options = ClientOptions::parse(self.url.expose_secret())
            .await
            .map_err(ViewError::unavailable)?;
        options.app_name = Some("invoiceapp".to_owned());
        options.max_pool_size = Some(CONNECTIONS_MAX);
        options.connect_timeout = Some(CONNECT_TIMEOUT);
        options.server_selection_timeout = Some(SERVER_SELECTION_TIMEOUT);
        // What the checkpoint says is written must be there after a fail-over too.
        let durable = WriteConcern::builder()
            .w(Acknowledgment::Majority)
            .journal(true);
        options.write_concern = Some(durable.build());
        options.read_concern = Some(ReadConcern::local());
        let client = Client::with_options(options).map_err(ViewError::unavailable)?;
        Ok(client.database(&self.database_name()))
    }
}

/// The one provider of cryptography that TLS connections use.
fn init_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that a provider is installed already, and there is only ring to install.
        let _installed = rustls::crypto::ring::default_provider().install_default();
    });
}
