//! `invoiceapp doctor`: tries every part, and says in one line what is wrong with it and what to do.

mod embedded;
mod full;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use invoiceapp_runtime::{JobState, ReactorStatus};
use serde::Serialize;

use super::output::Output;
use super::table::{plain, table};
use super::{DataArguments, EXIT_FAILED};
use crate::settings::Settings;
use crate::visit::Place;

/// A part that does not answer in this time has failed.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// What to try.
#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Address of the REST API that `up` would listen on [default: 127.0.0.1:3300].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    data: DataArguments,
}

/// What was found of one part.
#[derive(Debug, Serialize)]
struct Finding {
    part: &'static str,
    healthy: bool,
    detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

impl Finding {
    /// What trying a part came to, and what to do when it failed.
    fn of(part: &'static str, advice: &'static str, tried: anyhow::Result<String>) -> Self {
        match tried {
            Ok(detail) => Self {
                part,
                healthy: true,
                detail,
                advice: None,
            },
            Err(error) => Self {
                part,
                healthy: false,
                detail: format!("{error:#}"),
                advice: Some(advice),
            },
        }
    }

    /// The same of a part that has [`ANSWER_TIME_MAX`] to answer.
    async fn tried(
        part: &'static str,
        advice: &'static str,
        trying: impl Future<Output = anyhow::Result<String>>,
    ) -> Self {
        let tried = tokio::time::timeout(ANSWER_TIME_MAX, trying).await;
        let late = || anyhow::anyhow!("no answer within {} s", ANSWER_TIME_MAX.as_secs());
        Self::of(part, advice, tried.unwrap_or_else(|_| Err(late())))
    }

    fn row(&self) -> Vec<String> {
        let mark = if self.healthy { "ok" } else { "FAIL" };
        let mut detail = plain(&self.detail);
        if let Some(advice) = self.advice {
            detail.push_str(&format!(". To do: {advice}"));
        }
        vec![mark.to_owned(), self.part.to_owned(), detail]
    }
}

/// What a job store says of what is parked.
fn parked_jobs(reactors: &[ReactorStatus]) -> anyhow::Result<String> {
    let parked = reactors.iter().map(|it| it.count(JobState::Parked));
    let parked = parked.fold(0, u64::saturating_add);
    anyhow::ensure!(parked == 0, "{parked} jobs are parked");
    Ok(format!(
        "readable, {} reactors, none parked",
        reactors.len()
    ))
}

/// Tries every part.
pub(super) async fn run(
    arguments: DoctorArguments,
    mut settings: Settings,
    output: Output,
) -> anyhow::Result<ExitCode> {
    if let Some(listen) = arguments.listen {
        settings.http.listen = listen;
    }
    invoiceapp_access::init_crypto();
    let findings = match arguments.data.place(&settings) {
        Place::Embedded(directory) => embedded::examine(&directory, &settings).await,
        Place::Full => full::examine(&settings).await,
    };
    let rows: Vec<Vec<String>> = findings.iter().map(Finding::row).collect();
    output.print(&findings, &table(&["STATE", "PART", "FOUND"], &rows))?;
    Ok(if findings.iter().all(|finding| finding.healthy) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    })
}
