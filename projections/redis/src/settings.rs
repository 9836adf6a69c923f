//! Where the server is, and how long it may take.

use std::time::Duration;

use invoiceapp_access::init_crypto;
use invoiceapp_domain::STATE_HASH;
use invoiceapp_projections::{DEFINITION, ViewError};
use redis::Client;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use secrecy::{ExposeSecret, SecretString};

/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a reader waits; what is slower than the view store is of no use.
pub const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a batch may take to be written.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// Attempts to connect again before an operation fails; the next operation tries again.
const RECONNECT_ATTEMPTS: usize = 1;

/// Where hot values are kept.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// `redis://user:password@host:port/database`, or `rediss://` with TLS.
    pub url: SecretString,
    /// What every key begins with.
    pub key_prefix: String,
}

impl RedisSettings {
    /// Hot values under the usual prefix.
    #[must_use]
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            key_prefix: "invoiceapp".to_owned(),
        }
    }

    /// What every key begins with: it holds what made the views, so that hot values of another
    /// definition are never read. The braces keep all keys in one slot of a cluster, which a script
    /// needs.
    pub(crate) fn namespace(&self) -> String {
        format!("{{{}:{DEFINITION}-{STATE_HASH}}}", self.key_prefix)
    }

    /// A connection that is made when it is first used, and made again when it breaks.
    pub(crate) fn connection(&self) -> Result<ConnectionManager, ViewError> {
        init_crypto();
        let client = Client::open(self.url.expose_secret()).map_err(ViewError::unavailable)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(WRITE_TIMEOUT))
            .set_number_of_retries(RECONNECT_ATTEMPTS);
        ConnectionManager::new_lazy_with_config(client, config).map_err(ViewError::unavailable)
    }
}
