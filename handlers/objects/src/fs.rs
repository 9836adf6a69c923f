//! The port on a folder: `root/tenant/area/sha256`, written to a staging file, synced, linked into
//! place, and the folder synced too.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use invoiceapp_domain::TenantId;
use jiff::civil::Date;
use object_store::local::LocalFileSystem;
use object_store::path::Path as StorePath;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tracing::error;

use crate::port::{OBJECT_BYTES_MAX, ObjectError, ObjectKey, Objects, Put, sha256_hex};

/// Where [`Objects::check`] writes; no tenant can have this name.
const PROBE: &str = "_check/probe";
/// Ending of the file beside an archived object that says until when it is kept.
const RETENTION_SUFFIX: &str = "retention.json";
/// Largest retention file, in bytes.
const RETENTION_BYTES_MAX: u64 = 1_000;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retention {
    retain_until: Date,
}

/// A folder as object store. An archived object is a read-only file with a retention file beside
/// it: protection from mistakes, not from somebody who owns the machine.
#[derive(Debug)]
pub struct FsObjects {
    store: LocalFileSystem,
    /// Held from reading a retention to writing a later one.
    retaining: Mutex<()>,
}

impl FsObjects {
    /// Opens a folder, which is made when it is not there.
    ///
    /// # Errors
    /// [`ObjectError::Unavailable`] when it cannot be made or read.
    pub fn open(root: &Path) -> Result<Self, ObjectError> {
        std::fs::create_dir_all(root).map_err(unavailable)?;
        let store = LocalFileSystem::new_with_prefix(root).map_err(unavailable)?;
        Ok(Self {
            store: store.with_fsync(true),
            retaining: Mutex::new(()),
        })
    }

    fn file(&self, location: &StorePath) -> Result<PathBuf, ObjectError> {
        self.store.path_to_filesystem(location).map_err(unavailable)
    }

    async fn put_new(&self, key: &ObjectKey, bytes: Bytes) -> Result<Put, ObjectError> {
        if bytes.len() > OBJECT_BYTES_MAX {
            return Err(ObjectError::TooLarge);
        }
        let location = location(key)?;
        let payload = PutPayload::from_bytes(bytes.clone());
        match self
            .store
            .put_opts(&location, payload, PutMode::Create.into())
            .await
        {
            Ok(_) => Ok(Put::Stored),
            Err(StoreError::AlreadyExists { .. }) => self.keep(key, &location, bytes).await,
            Err(source) => Err(unavailable(source)),
        }
    }

    /// Makes sure that what is there is right and durable: the process that put it may have died
    /// between its link and the folder's sync.
    async fn keep(
        &self,
        key: &ObjectKey,
        location: &StorePath,
        bytes: Bytes,
    ) -> Result<Put, ObjectError> {
        match self.get(key).await {
            Ok(Some(_)) => {
                let file = self.file(location)?;
                blocking(move || sync_file_and_folder(&file)).await?;
                Ok(Put::AlreadyThere)
            }
            Ok(None) | Err(ObjectError::Damaged { .. }) => {
                error!(%key, "a damaged object is put right");
                let payload = PutPayload::from_bytes(bytes);
                let mode = PutMode::Overwrite.into();
                self.store
                    .put_opts(location, payload, mode)
                    .await
                    .map_err(unavailable)?;
                Ok(Put::Stored)
            }
            Err(other) => Err(other),
        }
    }

    async fn retain(&self, key: &ObjectKey, retain_until: Date) -> Result<(), ObjectError> {
        let _one_at_a_time = self.retaining.lock().await;
        if self
            .retained_until(key)
            .await?
            .is_none_or(|known| known < retain_until)
        {
            let text = serde_json::to_vec(&Retention { retain_until }).map_err(unavailable)?;
            let mode = PutMode::Overwrite.into();
            self.store
                .put_opts(&retention_location(key)?, PutPayload::from(text), mode)
                .await
                .map_err(unavailable)?;
        }
        let file = self.file(&location(key)?)?;
        blocking(move || {
            let mut permissions = std::fs::metadata(&file)?.permissions();
            permissions.set_readonly(true);
            std::fs::set_permissions(&file, permissions)?;
            sync_file_and_folder(&file)
        })
        .await
    }

    /// The bytes at a place, `None` when there are none. The size is known before a byte is read.
    async fn read(
        &self,
        location: &StorePath,
        bytes_max: u64,
    ) -> Result<Option<Bytes>, ObjectError> {
        let found = match self.store.get(location).await {
            Ok(found) => found,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(unavailable(source)),
        };
        if found.meta.size > bytes_max {
            return Err(ObjectError::Damaged {
                key: location.to_string(),
            });
        }
        found.bytes().await.map(Some).map_err(unavailable)
    }
}

#[async_trait]
impl Objects for FsObjects {
    async fn put_if_absent(
        &self,
        tenant: &TenantId,
        area: &str,
        bytes: Bytes,
    ) -> Result<(ObjectKey, Put), ObjectError> {
        let key = ObjectKey::of(tenant, area, &bytes);
        let put = self.put_new(&key, bytes).await?;
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
        self.retain(&key, retain_until).await?;
        Ok((key, put))
    }

    async fn retained_until(&self, key: &ObjectKey) -> Result<Option<Date>, ObjectError> {
        let location = retention_location(key)?;
        let Some(text) = self.read(&location, RETENTION_BYTES_MAX).await? else {
            return Ok(None);
        };
        let damaged = |_| ObjectError::Damaged {
            key: location.to_string(),
        };
        let retention: Retention = serde_json::from_slice(&text).map_err(damaged)?;
        Ok(Some(retention.retain_until))
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectError> {
        let bytes_max = u64::try_from(OBJECT_BYTES_MAX).unwrap_or(u64::MAX);
        match self.read(&location(key)?, bytes_max).await? {
            Some(bytes) if sha256_hex(&bytes) == key.sha256 => Ok(Some(bytes)),
            Some(_) => Err(ObjectError::Damaged {
                key: key.to_string(),
            }),
            None => Ok(None),
        }
    }

    async fn check(&self) -> Result<(), ObjectError> {
        // The probe stays: two checks at once must not take it away from each other.
        let probe = StorePath::from(PROBE);
        let payload = PutPayload::from_static(b"probe");
        self.store.put(&probe, payload).await.map_err(unavailable)?;
        let found = self.store.get(&probe).await.map_err(unavailable)?;
        found.bytes().await.map(|_| ()).map_err(unavailable)
    }
}

fn location(key: &ObjectKey) -> Result<StorePath, ObjectError> {
    if key.is_well_formed() {
        Ok(StorePath::from_iter([
            key.tenant.as_str(),
            &key.area,
            &key.sha256,
        ]))
    } else {
        Err(ObjectError::MalformedKey)
    }
}

fn retention_location(key: &ObjectKey) -> Result<StorePath, ObjectError> {
    location(key).map(|path| StorePath::from(format!("{path}.{RETENTION_SUFFIX}")))
}

fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ObjectError {
    ObjectError::Unavailable(source.into())
}

fn sync_file_and_folder(file: &Path) -> std::io::Result<()> {
    std::fs::File::open(file)?.sync_all()?;
    match file.parent() {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

async fn blocking<F>(work: F) -> Result<(), ObjectError>
where
    F: FnOnce() -> std::io::Result<()> + Send + 'static,
{
    tokio::task::spawn_blocking(work)
        .await
        .map_err(unavailable)?
        .map_err(unavailable)
}
