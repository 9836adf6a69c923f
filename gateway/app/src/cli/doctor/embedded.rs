//! A data directory: every part of it when nobody uses it, and what can be read beside a process that
//! does.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use invoiceapp_authorizer::IdentityStore;
use invoiceapp_domain::Ambient;
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_journal::verify::Chain;
use invoiceapp_mail::{Maildir, Mailer};
use invoiceapp_objects::{FsObjects, Objects};
use invoiceapp_projections::ViewStore;
use invoiceapp_projections::sqlite::SqliteViewStore;
use invoiceapp_runtime::JobStore;
use invoiceapp_runtime::sqlite::SqliteJobStore;

use super::{Finding, parked_jobs};
use crate::ambient::MachineAmbient;
use crate::data_dir::{DataDir, holder};
use crate::embedded::{definition, visit};
use crate::settings::Settings;

const RESTORE: &str = "restore the directory from a copy, journal first";
const REBUILD: &str = "delete this file; it is built again from the journal";
const RETRY: &str = "see `invoiceapp parked list`";
const WRITABLE: &str = "check the disk and the folder's permissions";
/// Most parked streams that are counted.
const PARKED_SHOWN_MAX: u32 = 1_000;

/// Tries every part of the data directory, and the addresses to listen on.
pub(super) async fn examine(path: &Path, settings: &Settings) -> Vec<Finding> {
    if let Some(holder) = holder(path) {
        return beside(path, &holder).await;
    }
    let mut findings = Vec::new();
    match DataDir::lock(path) {
        Ok(directory) => findings.extend(parts(&directory).await),
        Err(error) => findings.push(Finding::of("data directory", WRITABLE, Err(error))),
    }
    findings.push(listener("REST API", settings.http.listen));
    findings.push(listener("management", settings.http.management_listen));
    findings
}

/// What a process that runs lets others see; the rest it tries itself, for `/readyz`.
async fn beside(path: &Path, holder: &str) -> Vec<Finding> {
    let journal = async {
        let head = visit::journal(path).await?.chain_head().await?;
        Ok(format!("readable, head {}", head.position))
    };
    let streams = async {
        let views = visit::views(path).await?;
        let parked = views.parked(PARKED_SHOWN_MAX).await?;
        anyhow::ensure!(parked.is_empty(), "{} streams are parked", parked.len());
        Ok("none".to_owned())
    };
    let jobs = async { parked_jobs(&visit::jobs(path).await?.store.backlog().await?) };
    let used = format!("in use by {holder}, whose /readyz shows its other parts");
    vec![
        Finding::of("data directory", WRITABLE, Ok(used)),
        Finding::tried("journal", RESTORE, journal).await,
        Finding::tried("parked streams", RETRY, streams).await,
        Finding::tried("jobs", RETRY, jobs).await,
    ]
}

async fn parts(directory: &DataDir) -> Vec<Finding> {
    let found = format!("{} can be written", directory.path().display());
    vec![
        Finding::of("data directory", WRITABLE, Ok(found)),
        Finding::tried("journal", RESTORE, journal(directory)).await,
        Finding::tried("views", REBUILD, views(directory)).await,
        Finding::tried("parked streams", RETRY, parked_streams(directory)).await,
        Finding::tried("objects", WRITABLE, objects(directory)).await,
        Finding::tried("jobs", RETRY, jobs(directory)).await,
        Finding::tried("identity", RESTORE, identity(directory)).await,
        Finding::tried("mail", WRITABLE, mail(directory)).await,
    ]
}

fn listener(part: &'static str, address: SocketAddr) -> Finding {
    let tried = std::net::TcpListener::bind(address);
    let tried = tried
        .map(|_| format!("{address} is free"))
        .map_err(|error| anyhow::Error::from(error).context(format!("{address}")));
    Finding::of(
        part,
        "choose another with --listen, or stop who holds it",
        tried,
    )
}

async fn journal(directory: &DataDir) -> anyhow::Result<String> {
    let ambient: Arc<dyn Ambient> = Arc::new(MachineAmbient);
    let journal = SqliteJournal::open(SqliteOptions::new(directory.journal()), ambient).await?;
    let head = journal.head().await?;
    journal.close().await;
    Ok(format!("readable, head {}", head.position))
}

async fn views(directory: &DataDir) -> anyhow::Result<String> {
    let store = SqliteViewStore::open(&directory.views(&definition())).await?;
    let reached = store.checkpoint().await?;
    store.close().await?;
    Ok(format!("readable, at position {reached}"))
}

async fn parked_streams(directory: &DataDir) -> anyhow::Result<String> {
    let store = SqliteViewStore::open(&directory.views(&definition())).await?;
    let parked = store.parked(PARKED_SHOWN_MAX).await?;
    store.close().await?;
    anyhow::ensure!(parked.is_empty(), "{} streams are parked", parked.len());
    Ok("none".to_owned())
}

async fn objects(directory: &DataDir) -> anyhow::Result<String> {
    FsObjects::open(&directory.objects())?.check().await?;
    Ok("can be written and read".to_owned())
}

async fn jobs(directory: &DataDir) -> anyhow::Result<String> {
    let store = SqliteJobStore::open(&directory.jobs()).await?;
    let reactors = store.backlog().await?;
    store.close().await;
    parked_jobs(&reactors)
}

async fn identity(directory: &DataDir) -> anyhow::Result<String> {
    let store = IdentityStore::open(&directory.identity()).await?;
    store.check().await?;
    store.close().await;
    Ok("readable".to_owned())
}

async fn mail(directory: &DataDir) -> anyhow::Result<String> {
    Maildir::open(directory.maildir())?.check().await?;
    Ok("can be delivered to the maildir".to_owned())
}
