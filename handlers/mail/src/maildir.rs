//! Mails as files: a Maildir, which any mail reader opens, of whole RFC 5322 messages.
//!
//! The name of a file follows from the message's identity, so sending the same message again finds
//! the file of the first time, wherever the reader has moved it, and adds none. A message counts as
//! accepted once its bytes and its directory entry are on disk: written to `tmp/`, synced, renamed
//! into `new/`, and the directory synced.
//!
//! The `maildir` crate is not used: it names files by clock, process and inode, so a repeat would be
//! a second mail, and it does not sync directories.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use tokio::task;

use crate::mailer::{Accepted, Envelope, MESSAGE_BYTES_MAX, Mailer, SendError};

/// Written by the adapter, not yet visible to a reader.
const UNFINISHED: &str = "tmp";
/// Arrived, not yet seen by a reader.
const ARRIVED: &str = "new";
/// Seen by a reader, which appends `:2,` and flags to the name.
const SEEN: &str = "cur";
/// What stands between a name and the flags.
const FLAGS_MARK: char = ':';
/// The last part of each name, where other programs put the name of the machine.
const ORIGIN: &str = "invoiceapp";

/// A [`Mailer`] into a Maildir.
#[derive(Debug, Clone)]
pub struct Maildir {
    folder: Arc<Path>,
    writes: Arc<AtomicU64>,
}

impl Maildir {
    /// Opens a Maildir, creating it when it is not there. What an earlier process left unfinished in
    /// `tmp/` is removed, so one process at a time may have it open.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder: PathBuf = folder.into();
        for name in [UNFINISHED, ARRIVED, SEEN] {
            fs::create_dir_all(folder.join(name))?;
        }
        sync_folder(&folder)?;
        for entry in fs::read_dir(folder.join(UNFINISHED))? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().ends_with(ORIGIN) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self {
            folder: folder.into(),
            writes: Arc::default(),
        })
    }

    /// Where a reader finds mails that have arrived.
    #[must_use]
    pub fn arrivals(&self) -> PathBuf {
        self.folder.join(ARRIVED)
    }

    fn deliver(&self, name: &str, message: &[u8]) -> io::Result<()> {
        if !self.holds(name)? {
            // Unlike the final name, the unfinished one differs with each write: a worker that lost
            // its lease may still be writing.
            let write = self.writes.fetch_add(1, Ordering::Relaxed);
            let unfinished = self.folder.join(UNFINISHED).join(format!("{write}.{name}"));
            let mut file = File::options()
                .write(true)
                .create_new(true)
                .open(&unfinished)?;
            file.write_all(message)?;
            file.sync_all()?;
            fs::rename(&unfinished, self.arrivals().join(name))?;
        }
        // Also for a file that was found: the process that renamed it may have died before this.
        sync_folder(&self.arrivals())
    }

    fn holds(&self, name: &str) -> io::Result<bool> {
        if self.arrivals().join(name).try_exists()? {
            return Ok(true);
        }
        for entry in fs::read_dir(self.folder.join(SEEN))? {
            let found = entry?.file_name();
            let found = found.to_string_lossy();
            if found.split(FLAGS_MARK).next() == Some(name) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn blocking(
        &self,
        work: impl FnOnce(&Self) -> io::Result<()> + Send + 'static,
    ) -> Result<(), SendError> {
        let this = self.clone();
        match task::spawn_blocking(move || work(&this)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(SendError::Transient(error.into())),
            Err(error) => Err(SendError::Transient(error.into())),
        }
    }
}

/// `seconds.unique.origin`, the form that readers sort by; always the same for a message.
fn file_name(envelope: &Envelope) -> String {
    format!(
        "{}.J{}.{ORIGIN}",
        envelope.requested_at.as_second(),
        envelope.id.simple()
    )
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[async_trait]
impl Mailer for Maildir {
    async fn send(&self, envelope: &Envelope, message: &[u8]) -> Result<Accepted, SendError> {
        if message.len() > MESSAGE_BYTES_MAX {
            return Err(SendError::Permanent {
                reason: "the message is too large".to_owned(),
            });
        }
        let name = file_name(envelope);
        let (reference, message) = (name.clone(), message.to_vec());
        self.blocking(move |maildir| maildir.deliver(&name, &message))
            .await?;
        Ok(Accepted { reference })
    }

    fn absorbs_repeats(&self) -> bool {
        true
    }

    async fn check(&self) -> Result<(), SendError> {
        self.blocking(|maildir| {
            let write = maildir.writes.fetch_add(1, Ordering::Relaxed);
            let probe = maildir
                .folder
                .join(UNFINISHED)
                .join(format!("{write}.check.{ORIGIN}"));
            fs::write(&probe, [])?;
            fs::remove_file(&probe)
        })
        .await
    }
}
