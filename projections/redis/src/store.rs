//! The adapter: each of the port's steps is one script.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_domain::{StreamId, TenantId};
use invoiceapp_observe::client::{called, database};
use invoiceapp_projections::dashboard::Bucket;
use invoiceapp_projections::hot::{HotChanges, HotMark, HotRead, HotStore, lifetime};
use invoiceapp_projections::store::Applied;
use invoiceapp_projections::{Document, ViewError};
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, FromRedisValue, RedisResult, Script, ScriptInvocation};

use crate::keys::Keys;
use crate::settings::{ANSWER_TIMEOUT, RedisSettings, WRITE_TIMEOUT};
use crate::values::{self, DocumentParts};

/// Hot values in one Redis.
#[derive(Clone)]
pub struct RedisHotStore {
    connection: ConnectionManager,
    keys: Keys,
    scripts: Arc<Scripts>,
}

impl std::fmt::Debug for RedisHotStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RedisHotStore")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

struct Scripts {
    apply: Script,
    vouch: Script,
    documents: Script,
    buckets: Script,
}

impl RedisHotStore {
    /// A store on the server of these settings. The server need not be there yet: whatever needs it
    /// says `Unavailable` until it is.
    ///
    /// # Errors
    /// [`ViewError::Unavailable`] when the settings cannot be understood.
    pub fn new(settings: &RedisSettings) -> Result<Self, ViewError> {
        Ok(Self {
            connection: settings.connection()?,
            keys: Keys(settings.namespace()),
            scripts: Arc::new(Scripts {
                apply: Script::new(include_str!("scripts/apply.lua")),
                vouch: Script::new(include_str!("scripts/vouch.lua")),
                documents: Script::new(include_str!("scripts/documents.lua")),
                buckets: Script::new(include_str!("scripts/buckets.lua")),
            }),
        })
    }

    async fn invoke<T: FromRedisValue>(
        &self,
        invocation: &ScriptInvocation<'_>,
        deadline: Duration,
    ) -> Result<T, ViewError> {
        let mut connection = self.connection.clone();
        let answer = within(deadline, invocation.invoke_async(&mut connection));
        called(database("redis", "EVALSHA"), answer).await
    }
}

/// Waits for the driver's answer, but not for ever.
async fn within<T>(
    deadline: Duration,
    operation: impl Future<Output = RedisResult<T>>,
) -> Result<T, ViewError> {
    tokio::time::timeout(deadline, operation)
        .await
        .map_err(ViewError::unavailable)?
        .map_err(ViewError::unavailable)
}

/// The position that a script returns: empty when nobody vouches for it.
fn current_at(position: &str) -> Result<Option<u64>, ViewError> {
    if position.is_empty() {
        return Ok(None);
    }
    values::number(position).map(Some)
}

#[async_trait]
impl HotStore for RedisHotStore {
    async fn mark(&self) -> Result<Option<HotMark>, ViewError> {
        let mut connection = self.connection.clone();
        let fields: (Option<String>, Option<String>) = within(
            ANSWER_TIMEOUT,
            connection.hmget(self.keys.mark(), &["position", "parked"]),
        )
        .await?;
        let (Some(position), Some(parked)) = fields else {
            return Ok(None);
        };
        Ok(Some(HotMark {
            position: values::number(&position)?,
            parked: serde_json::from_str(&parked).map_err(ViewError::unavailable)?,
        }))
    }

    async fn apply(&self, from: Option<u64>, changes: HotChanges) -> Result<Applied, ViewError> {
        let parked = serde_json::to_string(&changes.parked).map_err(ViewError::unavailable)?;
        let mut invocation = self.scripts.apply.prepare_invoke();
        invocation.key(self.keys.mark());
        invocation.arg(from.map(|from| from.to_string()).unwrap_or_default());
        invocation.arg(changes.to).arg(parked);
        for hot in &changes.documents {
            let document = &hot.document;
            let stream = &document.stream;
            let lifetime = lifetime(stream.kind).unwrap_or_default();
            invocation
                .key(self.keys.document(stream))
                .key(self.keys.counted(&stream.tenant))
                .key(self.keys.counters(&stream.tenant));
            invocation
                .arg(format!("{}:{}", stream.kind.as_str(), stream.key))
                .arg(document.version)
                .arg(document.position)
                .arg(document.created_position)
                .arg(&document.json)
                .arg(u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX))
                .arg(values::contributions(&hot.contributions)?);
        }
        match self.invoke(&invocation, WRITE_TIMEOUT).await? {
            1_u8 => Ok(Applied::Committed),
            _ => Ok(Applied::Fenced),
        }
    }

    async fn vouch(&self, position: u64, lasting: Duration) -> Result<(), ViewError> {
        let millis = u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX);
        let mut invocation = self.scripts.vouch.prepare_invoke();
        invocation.key(self.keys.mark()).key(self.keys.vouched());
        invocation.arg(position).arg(millis.max(1));
        let _done: u8 = self.invoke(&invocation, ANSWER_TIMEOUT).await?;
        Ok(())
    }

    async fn documents(&self, streams: &[StreamId]) -> Result<HotRead<Vec<Document>>, ViewError> {
        let mut invocation = self.scripts.documents.prepare_invoke();
        invocation.key(self.keys.mark()).key(self.keys.vouched());
        for stream in streams {
            invocation.key(self.keys.document(stream));
        }
        let (position, found): (String, Vec<DocumentParts>) =
            self.invoke(&invocation, ANSWER_TIMEOUT).await?;
        let found = found.into_iter();
        let found = found.map(|parts| values::document(streams, parts));
        Ok(HotRead {
            value: found.collect::<Result<_, _>>()?,
            current_at: current_at(&position)?,
        })
    }

    async fn buckets(&self, tenant: &TenantId) -> Result<HotRead<Vec<Bucket>>, ViewError> {
        let mut invocation = self.scripts.buckets.prepare_invoke();
        invocation.key(self.keys.mark()).key(self.keys.vouched());
        invocation.key(self.keys.counters(tenant));
        let (position, found): (String, Vec<(String, String)>) =
            self.invoke(&invocation, ANSWER_TIMEOUT).await?;
        Ok(HotRead {
            value: values::buckets(tenant, found)?,
            current_at: current_at(&position)?,
        })
    }
}
