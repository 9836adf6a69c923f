//! The data directory of the embedded mode: what lies where, and the lock that keeps a second
//! process out.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

const JOURNAL_FILE: &str = "journal.db";
const JOBS_FILE: &str = "jobs.db";
const LOCK_FILE: &str = "lock";
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
        let lock_path = path.join(LOCK_FILE);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(SECRET_FILE_MODE)
            .open(&lock_path)
            .with_context(|| format!("the data directory {} cannot be written", path.display()))?;
        if lock.try_lock().is_err() {
            bail!(
                "the data directory {} is in use by another invoiceapp ({}); stop it first or \
                 choose another with --data",
                path.display(),
                holder_in(&lock)
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
        self.path.join(views_file(definition))
    }

    /// The reactors' jobs.
    pub(crate) fn jobs(&self) -> PathBuf {
        self.path.join(JOBS_FILE)
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
        let current = views_file(definition);
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

/// The process that has a data directory to itself now: `process 4711`.
pub(crate) fn holder(path: &Path) -> Option<String> {
    let lock = File::open(path.join(LOCK_FILE)).ok()?;
    lock.try_lock_shared().is_err().then(|| holder_in(&lock))
}

fn holder_in(lock: &File) -> String {
    let mut text = String::new();
    let mut start = lock.take(LOCK_TEXT_BYTES_MAX);
    start.read_to_string(&mut text).unwrap_or_default();
    text.trim().to_owned()
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

/// The reactors' jobs of a directory that another process may be using.
///
/// # Errors
/// When there are none.
pub(crate) fn existing_jobs(path: &Path) -> anyhow::Result<PathBuf> {
    let jobs = path.join(JOBS_FILE);
    if !jobs.is_file() {
        bail!(
            "there are no jobs in {}: it was never started",
            path.display()
        );
    }
    Ok(jobs)
}

/// The views of one definition in a directory that another process may be using.
///
/// # Errors
/// When there are none.
pub(crate) fn existing_views(path: &Path, definition: &str) -> anyhow::Result<PathBuf> {
    let views = path.join(views_file(definition));
    if !views.is_file() {
        bail!(
            "there are no views of this version in {}: they are built when it is started",
            path.display()
        );
    }
    Ok(views)
}

fn views_file(definition: &str) -> String {
    format!("views-{definition}.db")
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
