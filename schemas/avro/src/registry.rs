//! The schema registry, by the Confluent API: ids of subjects, schemas of ids, and registration.
//!
//! What was once learned is kept for ever, because a registry never changes what an id means; what
//! it did not know is asked for again after a while; that it could not be asked is never kept.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::catalog::{Catalog, EventSchema};
use crate::topics::Topics;

/// Longest wait for one answer.
pub const REGISTRY_DEADLINE: Duration = Duration::from_secs(5);
/// Longest wait for a connection.
pub const REGISTRY_CONNECT_DEADLINE: Duration = Duration::from_secs(2);
/// Longest answer.
pub const REGISTRY_ANSWER_BYTES_MAX: usize = 1 << 20;
/// How long an id that the registry does not know is not asked for again.
pub const UNKNOWN_ID_PAUSE: Duration = Duration::from_secs(30);
/// Most ids that are remembered as unknown.
pub const UNKNOWN_IDS_MAX: usize = 1_000;
/// The registry's own word for an id that it has no schema of. Who answers in its place (a proxy, or
/// another server under its address) says 404 too, and knows nothing of ids.
const SCHEMA_NOT_FOUND: u32 = 40_403;
/// Every schema must read, and be read by, every other of its subject.
pub const COMPATIBILITY: &str = "FULL_TRANSITIVE";

/// Why the registry gave no answer to work with.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// It cannot be reached, or is not well.
    #[error("the schema registry is unavailable")]
    Unavailable {
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The compiled schema is not registered under the subject.
    #[error("the schema of {subject} is not registered; run `invoiceapp schemas register`")]
    NotRegistered {
        /// The subject.
        subject: String,
    },
    /// The id is unknown, or names a schema that was not compiled in.
    #[error("schema id {id} is not one of this program")]
    UnknownSchema {
        /// The id.
        id: u32,
    },
    /// The registry would take a schema that older or newer programs cannot read.
    #[error(
        "{subject} is kept {found} instead of {COMPATIBILITY}; run `invoiceapp schemas register`"
    )]
    Lax {
        /// The subject.
        subject: String,
        /// What it is kept.
        found: String,
    },
    /// The registry refuses what was asked of it: a schema that is to be registered, or a question,
    /// because it does not let us in, or something else answers in its place.
    #[error("the schema registry refuses {subject} with status {status}")]
    Refused {
        /// What it was asked for.
        subject: String,
        /// The status of the answer.
        status: u16,
    },
}

/// An outage in words, where there is no error to pass on.
#[derive(Debug, Error)]
#[error("{0}")]
struct Outage(String);

fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RegistryError {
    let source = source.into();
    RegistryError::Unavailable { source }
}

/// A schema that is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Under which subject.
    pub subject: String,
    /// Which revision of its record.
    pub revision: u32,
    /// The id that the registry gave it.
    pub id: u32,
}

#[derive(Debug)]
enum Known {
    Schema(Arc<EventSchema>),
    UnknownSince(Instant),
}

#[derive(Deserialize)]
struct IdAnswer {
    id: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CompatibilityAnswer {
    compatibility_level: String,
}

#[derive(Deserialize)]
struct SchemaAnswer {
    schema: String,
}

/// What the registry says of a request that it does not fulfil.
#[derive(Deserialize)]
struct ErrorAnswer {
    error_code: u32,
}

/// A client of the registry. Its caches live as long as it does: share one per process.
pub struct Registry {
    client: Client,
    base: String,
    // Held over the request: those who want the same answer wait for it instead of asking too.
    ids: Mutex<HashMap<String, u32>>,
    schemas: Mutex<HashMap<u32, Known>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may contain credentials.
        formatter.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Registry {
    /// A client of the registry whose Confluent API is at an address, which may contain a name and
    /// a password (`http://name:password@host:port/path`). Nothing is asked yet.
    ///
    /// # Errors
    /// [`RegistryError::Unavailable`] when the client cannot be built.
    pub fn new(base: &str) -> Result<Self, RegistryError> {
        init_crypto();
        let client = Client::builder()
            .connect_timeout(REGISTRY_CONNECT_DEADLINE)
            .timeout(REGISTRY_DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(unavailable)?;
        Ok(Self {
            client,
            base: base.trim_end_matches('/').to_owned(),
            ids: Mutex::default(),
            schemas: Mutex::default(),
        })
    }

    /// The id of a schema under a subject.
    ///
    /// # Errors
    /// `NotRegistered`; or `Unavailable` or `Refused` as long as the subject was never looked up.
    pub(crate) async fn id_of(&self, subject: &str, schema: &str) -> Result<u32, RegistryError> {
        let mut ids = self.ids.lock().await;
        if let Some(id) = ids.get(subject) {
            return Ok(*id);
        }
        let body = json!({ "schema": schema });
        let path = format!("subjects/{subject}");
        let answer = self.ask(Method::POST, &path, Some(&body)).await?;
        let subject = subject.to_owned();
        let id = match answer {
            (StatusCode::OK, answer) => parse::<IdAnswer>(&answer)?.id,
            (StatusCode::NOT_FOUND, _) => return Err(RegistryError::NotRegistered { subject }),
            (status, _) => return Err(refused(subject, status)),
        };
        ids.insert(subject, id);
        Ok(id)
    }

    /// The compiled schema that an id names.
    ///
    /// # Errors
    /// `UnknownSchema`; or `Unavailable` or `Refused` as long as the id was never looked up.
    pub(crate) async fn schema_of(
        &self,
        id: u32,
        catalog: &Catalog,
    ) -> Result<Arc<EventSchema>, RegistryError> {
        if i32::try_from(id).is_err() {
            // No registry gives such an id, nor has an answer to it that could be relied on.
            return Err(RegistryError::UnknownSchema { id });
        }
        let mut schemas = self.schemas.lock().await;
        match schemas.get(&id) {
            Some(Known::Schema(schema)) => return Ok(Arc::clone(schema)),
            Some(Known::UnknownSince(since)) if since.elapsed() < UNKNOWN_ID_PAUSE => {
                return Err(RegistryError::UnknownSchema { id });
            }
            _ => {}
        }
        let path = format!("schemas/ids/{id}");
        let schema = match self.ask(Method::GET, &path, None).await? {
            (StatusCode::OK, answer) => {
                let text = parse::<SchemaAnswer>(&answer)?.schema;
                catalog.with_content(&text).cloned()
            }
            (StatusCode::NOT_FOUND, answer) if says_schema_not_found(&answer) => None,
            (status, _) => return Err(refused(format!("schema id {id}"), status)),
        };
        let Some(schema) = schema else {
            remember_unknown(&mut schemas, id);
            return Err(RegistryError::UnknownSchema { id });
        };
        schemas.insert(id, Known::Schema(Arc::clone(&schema)));
        Ok(schema)
    }

    /// Registers one schema, under [`COMPATIBILITY`].
    async fn register(&self, subject: &str, schema: &str) -> Result<u32, RegistryError> {
        let level = json!({ "compatibility": COMPATIBILITY });
        let config = format!("config/{subject}");
        let versions = format!("subjects/{subject}/versions");
        let body = json!({ "schema": schema });
        // Some registries know a rule only for a subject that exists: then it is set right after.
        let early = self.ask(Method::PUT, &config, Some(&level)).await?.0;
        let id = match self.ask(Method::POST, &versions, Some(&body)).await? {
            (StatusCode::OK, answer) => parse::<IdAnswer>(&answer)?.id,
            (status, _) => return Err(refused(subject.to_owned(), status)),
        };
        if !early.is_success() {
            let (status, _) = self.ask(Method::PUT, &config, Some(&level)).await?;
            if !status.is_success() {
                return Err(refused(subject.to_owned(), status));
            }
        }
        Ok(id)
    }

    /// Whether the registry answers.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn check(&self) -> Result<(), RegistryError> {
        match self.ask(Method::GET, "config", None).await? {
            (status, _) if status.is_success() => Ok(()),
            (status, _) => Err(refused("its configuration".to_owned(), status)),
        }
    }

    /// How compatible the registry keeps the schemas of a subject, or of all of them.
    async fn compatibility(&self, subject: &str) -> Result<Option<String>, RegistryError> {
        let path = format!("config/{subject}");
        match self.ask(Method::GET, &path, None).await? {
            (StatusCode::OK, answer) => Ok(Some(
                parse::<CompatibilityAnswer>(&answer)?.compatibility_level,
            )),
            (StatusCode::NOT_FOUND, _) => Ok(None),
            (status, _) => Err(refused(subject.to_owned(), status)),
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Vec<u8>), RegistryError> {
        let mut request = self
            .client
            .request(method, format!("{}/{path}", self.base))
            .header("Accept", "application/vnd.schemaregistry.v1+json");
        if let Some(body) = body {
            request = request.json(body);
        }
        // The address may contain credentials, and an error would repeat it.
        let failed = |error: reqwest::Error| unavailable(error.without_url());
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            answer.extend_from_slice(&chunk);
            if answer.len() > REGISTRY_ANSWER_BYTES_MAX {
                return Err(unavailable(Outage("the answer is too long".to_owned())));
            }
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(unavailable(Outage(format!("it answers {status}"))));
        }
        Ok((status, answer))
    }
}

fn refused(subject: String, status: StatusCode) -> RegistryError {
    let status = status.as_u16();
    RegistryError::Refused { subject, status }
}

fn parse<'a, T: Deserialize<'a>>(answer: &'a [u8]) -> Result<T, RegistryError> {
    serde_json::from_slice(answer).map_err(unavailable)
}

fn says_schema_not_found(answer: &[u8]) -> bool {
    let answer: Result<ErrorAnswer, _> = serde_json::from_slice(answer);
    answer.is_ok_and(|answer| answer.error_code == SCHEMA_NOT_FOUND)
}

fn remember_unknown(schemas: &mut HashMap<u32, Known>, id: u32) {
    schemas.retain(|_, known| match known {
        Known::Schema(_) => true,
        Known::UnknownSince(since) => since.elapsed() < UNKNOWN_ID_PAUSE,
    });
    let is_unknown = |known: &&Known| matches!(known, Known::UnknownSince(_));
    if schemas.values().filter(is_unknown).count() < UNKNOWN_IDS_MAX {
        schemas.insert(id, Known::UnknownSince(Instant::now()));
    }
}

/// Registers every compiled schema under its subject, oldest revision first.
///
/// # Errors
/// [`RegistryError`]; what was registered before it stays.
pub async fn register(
    registry: &Registry,
    catalog: &Catalog,
    topics: &Topics,
) -> Result<Vec<Registered>, RegistryError> {
    let mut registered = Vec::new();
    for schema in catalog.records().flatten() {
        let subject = topics.subject(schema.topic(), &schema.full_name);
        registered.push(Registered {
            id: registry.register(&subject, schema.text).await?,
            revision: schema.revision,
            subject,
        });
    }
    Ok(registered)
}

/// Whether the newest revision of every compiled schema is registered, under a subject that is kept
/// compatible; returns how many that are. Changes nothing.
///
/// # Errors
/// [`RegistryError`]: `NotRegistered` and `Lax` name the first subject that is not as it has to be.
pub async fn check_registered(
    registry: &Registry,
    catalog: &Catalog,
    topics: &Topics,
) -> Result<usize, RegistryError> {
    let mut count = 0_usize;
    for schema in catalog.records().filter_map(<[_]>::last) {
        let subject = topics.subject(schema.topic(), &schema.full_name);
        registry.id_of(&subject, schema.text).await?;
        let level = registry.compatibility(&subject).await?;
        if level.as_deref() != Some(COMPATIBILITY) {
            let found = level.unwrap_or_else(|| "by the registry's own rule".to_owned());
            return Err(RegistryError::Lax { subject, found });
        }
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// Chooses the cryptography of TLS for the whole process, once.
fn init_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error only says that it was chosen already.
        let _chosen_before = rustls::crypto::ring::default_provider().install_default();
    });
}
