//! `invoiceapp doctor`: tries every part, and says in one line what is wrong with it.

use std::process::ExitCode;
use std::sync::Arc;

use invoiceapp_authorizer::IdentityStore;
use invoiceapp_domain::Ambient;
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_mail::{Maildir, Mailer};
use invoiceapp_objects::{FsObjects, Objects};
use invoiceapp_projections::ViewStore;
use invoiceapp_projections::sqlite::SqliteViewStore;
use invoiceapp_runtime::sqlite::SqliteJobStore;
use invoiceapp_runtime::{JobState, JobStore};
use serde::Serialize;

use super::EXIT_FAILED;
use super::output::Output;
use crate::ambient::MachineAmbient;
use crate::data_dir::DataDir;
use crate::embedded::definition;
use crate::settings::Settings;

/// Most parked streams that are counted.
const PARKED_SHOWN_MAX: u32 = 1_000;

/// What was found of one part.
#[derive(Debug, Serialize)]
struct Finding {
    part: &'static str,
    healthy: bool,
    detail: String,
}

impl Finding {
    fn of(part: &'static str, tried: anyhow::Result<String>) -> Self {
        match tried {
            Ok(detail) => Self {
                part,
                healthy: true,
                detail,
            },
            Err(error) => Self {
                part,
                healthy: false,
                detail: format!("{error:#}"),
            },
        }
    }
}

/// Tries every part of the data directory, and the addresses to listen on.
pub(super) async fn run(settings: Settings, output: Output) -> anyhow::Result<ExitCode> {
    let mut findings = Vec::new();
    match DataDir::lock(&settings.data_dir) {
        Ok(directory) => {
            let detail = format!("{} can be written", directory.path().display());
            findings.push(Finding::of("data directory", Ok(detail)));
            findings.push(Finding::of("journal", journal(&directory).await));
            findings.push(Finding::of("views", views(&directory).await));
            findings.push(Finding::of("objects", objects(&directory).await));
            findings.push(Finding::of("jobs", jobs(&directory).await));
            findings.push(Finding::of("identity", identity(&directory).await));
            findings.push(Finding::of("mail", mail(&directory).await));
        }
        Err(error) => findings.push(Finding::of("data directory", Err(error))),
    }
    for (part, address) in [
        ("REST API", settings.http.listen),
        ("management", settings.http.management_listen),
    ] {
        let tried = std::net::TcpListener::bind(address);
        let tried = tried
            .map(|_| format!("{address} is free"))
            .map_err(anyhow::Error::from);
        findings.push(Finding::of(part, tried));
    }
    let text: Vec<String> = findings
        .iter()
        .map(|finding| {
            let mark = if finding.healthy { "ok  " } else { "FAIL" };
            format!("{mark}  {:<15} {}", finding.part, finding.detail)
        })
        .collect();
    output.print(&findings, &text.join("\n"))?;
    let healthy = findings.iter().all(|finding| finding.healthy);
    Ok(if healthy {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    })
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
    let parked = store.parked(PARKED_SHOWN_MAX).await?;
    store.close().await?;
    anyhow::ensure!(parked.is_empty(), "{} streams are parked", parked.len());
    Ok(format!("readable, at position {reached}"))
}

async fn objects(directory: &DataDir) -> anyhow::Result<String> {
    FsObjects::open(&directory.objects())?.check().await?;
    Ok("can be written and read".to_owned())
}

async fn jobs(directory: &DataDir) -> anyhow::Result<String> {
    let store = SqliteJobStore::open(&directory.jobs()).await?;
    let reactors = store.status().await?;
    store.close().await;
    let parked: u64 = reactors
        .iter()
        .map(|reactor| reactor.count(JobState::Parked))
        .sum();
    anyhow::ensure!(parked == 0, "{parked} jobs are parked");
    Ok(format!(
        "readable, {} reactors, none parked",
        reactors.len()
    ))
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
