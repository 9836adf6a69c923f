//! The data directory of the embedded mode: what lies where, and the lock that keeps a second
//! process out.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

const JOURNAL_FILE: &str = "journal.db";
const FOLDER_MODE: u32 = 0o700;
const SECRET_FILE_MODE: u32 = 0o600;
/// Longest text read from the lock file.
const LOCK_TEXT_BYTES_MAX: u64 = 200;

/// A data directory that this process has to itself.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// Holds the lock for as long as the process lives.
    _lock: File,
}

impl DataDir {
    /// Creates the directory if needed and locks it.
    ///
    /// # Errors
    /// When it cannot be written, or another process has it: the message names that process.
    pub(crate) fn lock(path: &Path) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(path)
            .with_context(|| format!("cannot create the data directory {}", path.display()))?;
        let lock_path = path.join("lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(SECRET_FILE_MODE)
            .open(&lock_path)
            .with_context(|| format!("the data directory {} cannot be written", path.display()))?;
        if lock.try_lock().is_err() {
            let mut holder = String::new();
            let mut text = (&mut lock).take(LOCK_TEXT_BYTES_MAX);
            text.read_to_string(&mut holder).unwrap_or_default();
            bail!(
                "the data directory {} is in use by another invoiceapp ({}); stop it first or \
                 choose another with --data",
                path.display(),
                holder.trim()
            );
        }
        write_holder(&mut lock)
            .with_context(|| format!("the data directory {} cannot be written", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The directory itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The journal's database.
    pub(crate) fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL_FILE)
    }

    /// The views' database of one definition: another fold of the same journal is another file.
    pub(crate) fn views(&self, definition: &str) -> PathBuf {
        self.path.join(format!("views-{definition}.db"))
    }

    /// The reactors' jobs.
    pub(crate) fn jobs(&self) -> PathBuf {
        self.path.join("jobs.db")
    }

    /// The built-in issuer's credentials and sessions.
    pub(crate) fn identity(&self) -> PathBuf {
        self.path.join("identity.db")
    }

    /// Rendered documents and media.
    pub(crate) fn objects(&self) -> PathBuf {
        self.path.join("objects")
    }

    /// Outgoing mail.
    pub(crate) fn maildir(&self) -> PathBuf {
        self.path.join("mail")
    }

    /// The first administrator's made-up password.
    pub(crate) fn admin_credential(&self) -> PathBuf {
        self.path.join("admin-credential")
    }

    /// Views' databases of other definitions, and their side files.
    pub(crate) fn stale_views(&self, definition: &str) -> Vec<PathBuf> {
        let current = format!("views-{definition}.db");
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| {
                let name = path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .unwrap_or_default();
                name.starts_with("views-") && !name.starts_with(&current)
            })
            .collect()
    }
}

/// The journal of a directory that another process may be using.
///
/// # Errors
/// When there is none.
pub(crate) fn existing_journal(path: &Path) -> anyhow::Result<PathBuf> {
    let journal = path.join(JOURNAL_FILE);
    if !journal.is_file() {
        bail!("there is no journal in {}", path.display());
    }
    Ok(journal)
}

fn write_holder(lock: &mut File) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.seek(SeekFrom::Start(0))?;
    writeln!(lock, "process {}", std::process::id())
}

/// Writes a secret into a file that only its owner may read.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write_secret(path: &Path, secret: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(SECRET_FILE_MODE)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.set_permissions(fs::Permissions::from_mode(SECRET_FILE_MODE))?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    Ok(())
}
