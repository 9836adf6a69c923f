//! The ports of a process, with the servers of the full stack behind them.

use std::sync::Arc;

use anyhow::Context;
use invoiceapp_domain::Ambient;
use invoiceapp_journal::execute::CommandExecutor;
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::postgres::{PostgresJournal, PostgresOptions};
use invoiceapp_mongo::{MongoSettings, MongoViewStore};
use invoiceapp_objects::{Objects, S3Objects, S3Options};
use invoiceapp_projections::hot::{HotStore, HotViews};
use invoiceapp_projections::{BuiltViews, ViewError, ViewStore, Views};
use invoiceapp_redis::{RedisHotStore, RedisSettings};
use invoiceapp_relay::{LEASE_DEADLINE, LeaseTable};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgPoolOptions;

use super::patience;
use crate::ambient::MachineAmbient;
use crate::settings::Settings;

/// How often a tool asks the hot store before it takes it for unreachable.
const HOT_CONNECT_TRIES: u32 = 4;
/// Connections for the relay's lease.
const LEASE_CONNECTIONS_MAX: u32 = 2;

/// What the roles work with.
#[derive(Debug, Clone)]
pub(crate) struct Ports {
    pub(crate) ambient: Arc<dyn Ambient>,
    pub(crate) journal: Arc<PostgresJournal>,
    pub(crate) executor: CommandExecutor,
    /// The documents themselves: for the projector.
    pub(crate) store: Arc<dyn ViewStore>,
    /// What stands before them.
    pub(crate) hot: Arc<dyn HotStore>,
    /// The documents as services read them: once they are built, and compared with the journal.
    pub(crate) views: Views,
    pub(crate) objects: Arc<S3Objects>,
}

impl Ports {
    /// Opens everything, waiting for the servers that are not there yet.
    ///
    /// # Errors
    /// When a setting makes no sense, or a server is not one that we can work with.
    pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let ambient: Arc<dyn Ambient> = Arc::new(MachineAmbient);
        let options = PostgresOptions::new(postgres_url(settings)?);
        let journal = patience::open("postgres", || {
            PostgresJournal::open(options.clone(), Arc::clone(&ambient))
        })
        .await
        .context("the journal cannot be opened")?;
        let journal = Arc::new(journal);
        let executor = CommandExecutor::new(Arc::clone(&journal) as Arc<dyn Journal>);
        let store = || open_store(settings, ambient.as_ref());
        let store = patience::open("mongodb", store).await?;
        let hot = open_hot(settings)?;
        let read = HotViews::new(Arc::clone(&store), Arc::clone(&hot));
        let read = BuiltViews::new(Arc::new(read));
        let views = Views::of_another_process(Arc::new(read))
            .beside(Arc::clone(&journal) as Arc<dyn Journal>);
        Ok(Self {
            ambient,
            journal,
            executor,
            views,
            store,
            hot,
            objects: Arc::new(open_objects(settings)?),
        })
    }

    /// The journal as its port.
    pub(crate) fn journal(&self) -> Arc<dyn Journal> {
        Arc::clone(&self.journal) as Arc<dyn Journal>
    }

    /// The object store as its port.
    pub(crate) fn objects(&self) -> Arc<dyn Objects> {
        Arc::clone(&self.objects) as Arc<dyn Objects>
    }

    /// Lets the journal commit what it has taken on.
    pub(crate) async fn close(&self) {
        self.journal.close().await;
    }
}

/// The address that the full stack cannot do without.
///
/// # Errors
/// When it is not set.
pub(super) fn postgres_url(settings: &Settings) -> anyhow::Result<SecretString> {
    settings.postgres.url.clone().context(
        "postgres.url is not set: set INVOICEAPP_POSTGRES__URL, or name a file with --config",
    )
}

/// The relay's leases; nothing is connected yet.
///
/// # Errors
/// When the address makes no sense.
pub(crate) fn leases(settings: &Settings, ambient: &dyn Ambient) -> anyhow::Result<LeaseTable> {
    let url = postgres_url(settings)?;
    let pool = PgPoolOptions::new()
        .max_connections(LEASE_CONNECTIONS_MAX)
        .acquire_timeout(LEASE_DEADLINE)
        .connect_lazy(url.expose_secret())
        .context("postgres.url is not valid")?;
    Ok(LeaseTable::new(pool, ambient.new_id()))
}

/// The documents; nothing is connected yet.
///
/// # Errors
/// When the address makes no sense.
pub(super) async fn open_store(
    settings: &Settings,
    ambient: &dyn Ambient,
) -> Result<Arc<dyn ViewStore>, ViewError> {
    let mongodb = MongoSettings {
        url: settings.mongodb.url.clone(),
        database_prefix: settings.mongodb.database.clone(),
    };
    MongoViewStore::shared(&mongodb, ambient).await
}

/// What stands before the documents; nothing is connected yet.
///
/// # Errors
/// When the address makes no sense.
pub(super) fn open_hot(settings: &Settings) -> anyhow::Result<Arc<dyn HotStore>> {
    let redis = RedisSettings {
        url: settings.redis.url.clone(),
        key_prefix: settings.redis.key_prefix.clone(),
    };
    let hot = RedisHotStore::new(&redis).context("the address of Redis is not valid")?;
    Ok(Arc::new(hot))
}

/// The same once it has answered, or did not several times: the first answer waits for the connection,
/// and a reader of hot values does not wait that long.
///
/// # Errors
/// When the address makes no sense.
pub(super) async fn open_hot_connected(settings: &Settings) -> anyhow::Result<Arc<dyn HotStore>> {
    let hot = open_hot(settings)?;
    for _ in 0..HOT_CONNECT_TRIES {
        if hot.mark().await.is_ok() {
            break;
        }
    }
    Ok(hot)
}

pub(super) fn open_objects(settings: &Settings) -> anyhow::Result<S3Objects> {
    let s3 = &settings.s3;
    let options = S3Options {
        endpoint: s3.endpoint.clone(),
        region: s3.region.clone(),
        bucket: s3.bucket.clone(),
        prefix: None,
        access_key_id: s3.access_key_id.clone(),
        secret_access_key: s3.secret_access_key.clone(),
    };
    S3Objects::new(&options).context("the object store's settings are not valid")
}
