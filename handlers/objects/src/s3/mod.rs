//! The port on S3: `prefix/tenant/area/sha256` in one bucket, created only where nothing is, kept by
//! object lock.
//!
//! `object_store` does the requests, with its bounded retries of what may be repeated. rusoto, which
//! once was the usual choice, is not maintained any more (RUSTSEC-2022-0071).

mod lock;
mod options;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use invoiceapp_domain::TenantId;
use invoiceapp_observe::client::{called, object_store};
use jiff::civil::Date;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    PutPayload,
};
use tracing::error;

use crate::port::{OBJECT_BYTES_MAX, ObjectError, ObjectKey, Objects, Put, sha256_hex};

pub use options::S3Options;

use lock::{Asked, ObjectLock};

/// Longest time of a call, with every attempt of its requests.
const CALL_TIME_MAX: Duration = Duration::from_mins(1);
/// What [`Objects::check`] writes once and reads; no tenant can have this name.
const PROBE: (&str, &str) = ("_check", "probe");
/// What a server says about a bucket that it does not have, which is no object that is missing.
const NO_BUCKET: &str = "NoSuchBucket";
/// The content type of bytes whose kind we do not store.
const UNKNOWN_TYPE: &str = "application/octet-stream";
/// The kinds of bytes that the program stores.
const KNOWN_TYPES: [&str; 4] = ["application/pdf", "image/jpeg", "image/png", "image/webp"];

/// A bucket as object store. An archived object cannot be changed or removed by anybody before its
/// date, whoever owns the account.
pub struct S3Objects {
    store: AmazonS3,
    lock: ObjectLock,
    prefix: Option<String>,
}

impl fmt::Debug for S3Objects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("S3Objects")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl S3Objects {
    /// A bucket by its options. Nothing is asked of the server yet: [`Objects::check`] does.
    ///
    /// # Errors
    /// [`ObjectError::MalformedKey`] for a malformed prefix; [`ObjectError::Unavailable`] when the
    /// options make no client.
    pub fn new(options: &S3Options) -> Result<Self, ObjectError> {
        let prefix = options.checked_prefix()?;
        let store = options.store().map_err(unavailable)?;
        let lock = ObjectLock::new(options, &store).map_err(unavailable)?;
        Ok(Self {
            store,
            lock,
            prefix,
        })
    }

    fn path<'a>(&'a self, parts: impl IntoIterator<Item = &'a str>) -> Path {
        Path::from_iter(self.prefix.as_deref().into_iter().chain(parts))
    }

    fn location(&self, key: &ObjectKey) -> Result<Path, ObjectError> {
        if key.is_well_formed() {
            Ok(self.path([key.tenant.as_str(), &key.area, &key.sha256]))
        } else {
            Err(ObjectError::MalformedKey)
        }
    }

    async fn put(&self, location: &Path, bytes: Bytes, mode: PutMode) -> Result<(), StoreError> {
        let content_type = content_type(&bytes);
        let options = PutOptions {
            mode,
            attributes: Attributes::from_iter([(Attribute::ContentType, content_type)]),
            ..PutOptions::default()
        };
        let payload = PutPayload::from_bytes(bytes);
        self.store.put_opts(location, payload, options).await?;
        Ok(())
    }

    async fn put_new(&self, key: &ObjectKey, bytes: Bytes) -> Result<Put, ObjectError> {
        if bytes.len() > OBJECT_BYTES_MAX {
            return Err(ObjectError::TooLarge);
        }
        let location = self.location(key)?;
        match self.put(&location, bytes.clone(), PutMode::Create).await {
            Ok(()) => Ok(Put::Stored),
            Err(StoreError::AlreadyExists { .. }) => self.keep(key, &location, bytes).await,
            Err(source) => Err(unavailable(source)),
        }
    }

    /// Makes sure that what is there is right.
    async fn keep(
        &self,
        key: &ObjectKey,
        location: &Path,
        bytes: Bytes,
    ) -> Result<Put, ObjectError> {
        match self.read(key, location).await {
            Ok(Some(_)) => Ok(Put::AlreadyThere),
            Ok(None) | Err(ObjectError::Damaged { .. }) => {
                error!(%key, "a damaged object is put right");
                self.put(location, bytes, PutMode::Overwrite)
                    .await
                    .map_err(unavailable)?;
                Ok(Put::Stored)
            }
            Err(other) => Err(other),
        }
    }

    /// The bytes of a key. Their number is known before one of them is read.
    async fn read(&self, key: &ObjectKey, location: &Path) -> Result<Option<Bytes>, ObjectError> {
        let found = match self.store.get(location).await {
            Ok(found) => found,
            Err(StoreError::NotFound { source, .. }) if !source.to_string().contains(NO_BUCKET) => {
                return Ok(None);
            }
            Err(source) => return Err(unavailable(source)),
        };
        let damaged = || ObjectError::Damaged {
            key: key.to_string(),
        };
        if usize::try_from(found.meta.size).map_or(true, |size| size > OBJECT_BYTES_MAX) {
            return Err(damaged());
        }
        let bytes = found.bytes().await.map_err(unavailable)?;
        if sha256_hex(&bytes) == key.sha256 {
            Ok(Some(bytes))
        } else {
            Err(damaged())
        }
    }

    /// Keeps an object that is there to the end of a day, or longer.
    async fn retain(&self, location: &Path, until: Date) -> Result<(), ObjectError> {
        let is_long_enough = |known: Option<Date>| known.is_some_and(|known| known >= until);
        if is_long_enough(self.lock.retained_until(location).await?) {
            return Ok(());
        }
        match self.lock.retain(location, until).await? {
            Asked::Kept => Ok(()),
            // Another process may have asked for a later date meanwhile.
            Asked::Refused if is_long_enough(self.lock.retained_until(location).await?) => Ok(()),
            Asked::Refused => Err(unavailable("the server refuses to keep the object")),
        }
    }
}

#[async_trait]
impl Objects for S3Objects {
    async fn put_if_absent(
        &self,
        tenant: &TenantId,
        area: &str,
        bytes: Bytes,
    ) -> Result<(ObjectKey, Put), ObjectError> {
        let key = ObjectKey::of(tenant, area, &bytes);
        let span = object_store("PutObject");
        let put = called(span, within(self.put_new(&key, bytes))).await?;
        Ok((key, put))
    }

    async fn archive(
        &self,
        tenant: &TenantId,
        area: &str,
        bytes: Bytes,
        retain_until: Date,
    ) -> Result<(ObjectKey, Put), ObjectError> {
        let (key, put) = self.put_if_absent(tenant, area, bytes).await?;
        let span = object_store("PutObjectRetention");
        let location = self.location(&key)?;
        called(span, within(self.retain(&location, retain_until))).await?;
        Ok((key, put))
    }

    async fn retained_until(&self, key: &ObjectKey) -> Result<Option<Date>, ObjectError> {
        within(self.lock.retained_until(&self.location(key)?)).await
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectError> {
        let (span, location) = (object_store("GetObject"), self.location(key)?);
        called(span, within(self.read(key, &location))).await
    }

    async fn check(&self) -> Result<(), ObjectError> {
        // First, because some servers make a bucket of any name that is written to.
        within(self.lock.check()).await?;
        // Created once: in a bucket with object lock each overwriting would leave a version behind.
        let probe = self.path([PROBE.0, PROBE.1]);
        let bytes = Bytes::from_static(b"probe");
        within(async {
            match self.put(&probe, bytes, PutMode::Create).await {
                Ok(()) | Err(StoreError::AlreadyExists { .. }) => {}
                Err(source) => return Err(unavailable(source)),
            }
            let found = self.store.get(&probe).await.map_err(unavailable)?;
            found.bytes().await.map(|_| ()).map_err(unavailable)
        })
        .await
    }
}

/// What a browser is told that the bytes are, said by the bytes themselves.
fn content_type(bytes: &[u8]) -> &'static str {
    let found = infer::get(bytes).map(|kind| kind.mime_type());
    found
        .filter(|name| KNOWN_TYPES.contains(name))
        .unwrap_or(UNKNOWN_TYPE)
}

async fn within<T>(call: impl Future<Output = Result<T, ObjectError>>) -> Result<T, ObjectError> {
    match tokio::time::timeout(CALL_TIME_MAX, call).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(unavailable(elapsed)),
    }
}

fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ObjectError {
    ObjectError::Unavailable(source.into())
}
