//! `invoiceapp jobs`: what reactors have planned, and what becomes of it.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use invoiceapp_runtime::{JobFilter, JobId, JobRecord, JobState, LIST_JOBS_MAX};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::output::Output;
use super::table::{ago, table};
use super::{DataArguments, EXIT_FAILED};
use crate::settings::Settings;
use crate::visit::{self, VisitedJobs};

/// Jobs of one page, unless asked otherwise.
const PAGE_JOBS_DEFAULT: u16 = 50;

/// `invoiceapp jobs …`
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List jobs, those of the oldest events first; without --state those that are not finished.
    List(ListArguments),
    /// Make jobs due now that are parked, wait, or are backed off; their attempts count anew.
    Retry(RetryArguments),
    /// Cancel a job that is not finished; one that runs now is cancelled when its act fails.
    Cancel {
        /// Which.
        id: Uuid,
        /// Why; it is kept with the job.
        #[arg(long, default_value = "cancelled by an operator")]
        reason: String,
        #[command(flatten)]
        data: DataArguments,
    },
}

/// Which jobs to list.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Only of this reactor: pdf, media, mail or identity.
    #[arg(long, value_name = "NAME")]
    reactor: Option<String>,
    /// Only in this state: planned, running, waiting, parked, done or cancelled.
    #[arg(long, value_parser = state)]
    state: Option<JobState>,
    /// Most jobs of this page; at most 1000.
    #[arg(long, value_name = "N", default_value_t = PAGE_JOBS_DEFAULT)]
    limit: u16,
    /// The page behind this job, the last one of the page before.
    #[arg(long, value_name = "ID")]
    after: Option<Uuid>,
    #[command(flatten)]
    data: DataArguments,
}

/// Which jobs to retry.
#[derive(Debug, Args)]
pub(crate) struct RetryArguments {
    /// Which.
    #[arg(required_unless_present = "parked", conflicts_with = "parked")]
    ids: Vec<Uuid>,
    /// Every parked job, at most 1000 at once.
    #[arg(long)]
    parked: bool,
    /// Only of this reactor.
    #[arg(long, value_name = "NAME", requires = "parked")]
    reactor: Option<String>,
    #[command(flatten)]
    data: DataArguments,
}

fn state(name: &str) -> Result<JobState, String> {
    JobState::parse(name).ok_or_else(|| {
        let names = JobState::ALL.map(JobState::as_str);
        format!("there are {}", names.join(", "))
    })
}

/// Runs a jobs command.
pub(super) async fn run(
    command: JobsCommand,
    settings: &Settings,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match command {
        JobsCommand::List(arguments) => list(arguments, settings, output).await,
        JobsCommand::Retry(arguments) => retry(arguments, settings, output).await,
        JobsCommand::Cancel { id, reason, data } => {
            let jobs = visit::jobs(&data.place(settings), settings).await?;
            let now = jobs.clock.now();
            if !jobs.store.cancel(JobId(id), &reason, now).await? {
                bail!("there is no unfinished job {id}");
            }
            output.print(&json!({"cancelled": id}), &format!("Cancelled {id}."))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn list(
    arguments: ListArguments,
    settings: &Settings,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let jobs = visit::jobs(&arguments.data.place(settings), settings).await?;
    let limit = usize::from(arguments.limit).clamp(1, LIST_JOBS_MAX);
    let filter = JobFilter {
        reactor: arguments.reactor,
        state: arguments.state,
        unfinished: arguments.state.is_none(),
        after: arguments.after.map(JobId),
        limit,
        ..JobFilter::default()
    };
    let page = jobs.store.list(&filter).await?;
    let is_full = page.len() == limit;
    let next = page.last().filter(|_| is_full).map(|last| last.id);
    let mut text = jobs_table(&page, jobs.clock.now());
    if let Some(next) = next {
        text.push_str(&format!("\nMore may follow: --after {next}"));
    }
    output.print(&json!({"jobs": page, "next": next}), &text)?;
    Ok(ExitCode::SUCCESS)
}

fn jobs_table(jobs: &[JobRecord], now: Timestamp) -> String {
    let rows: Vec<Vec<String>> = jobs
        .iter()
        .map(|job| {
            vec![
                job.id.to_string(),
                job.reactor.clone(),
                job.state.as_str().to_owned(),
                job.attempt.to_string(),
                job.position.to_string(),
                ago(now, Some(job.planned_at)),
                job.reason
                    .clone()
                    .or(job.wake_on.clone())
                    .unwrap_or_default(),
            ]
        })
        .collect();
    let heading = [
        "ID", "REACTOR", "STATE", "ATTEMPT", "POSITION", "AGE", "REASON",
    ];
    table(&heading, &rows)
}

async fn retry(
    arguments: RetryArguments,
    settings: &Settings,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let jobs = visit::jobs(&arguments.data.place(settings), settings).await?;
    let ids = if arguments.parked {
        parked(&jobs, arguments.reactor).await?
    } else {
        arguments.ids.into_iter().map(JobId).collect()
    };
    let (retried, refused) = retry_all(&jobs, ids).await?;
    let mut text = format!("Retried {} jobs.", retried.len());
    for id in &refused {
        text.push_str(&format!("\nThere is no job {id} that could be retried."));
    }
    output.print(&json!({"retried": retried, "refused": refused}), &text)?;
    Ok(if refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    })
}

/// The parked jobs, of one reactor or of all.
async fn parked(jobs: &VisitedJobs, reactor: Option<String>) -> anyhow::Result<Vec<JobId>> {
    let filter = JobFilter {
        reactor,
        state: Some(JobState::Parked),
        ..JobFilter::default()
    };
    let parked = jobs
        .store
        .list(&filter)
        .await
        .context("the jobs cannot be read")?;
    Ok(parked.into_iter().map(|job| job.id).collect())
}

/// Those that were retried, and those that could not be.
pub(super) async fn retry_all(
    jobs: &VisitedJobs,
    ids: Vec<JobId>,
) -> anyhow::Result<(Vec<JobId>, Vec<JobId>)> {
    let (mut retried, mut refused) = (Vec::new(), Vec::new());
    for id in ids {
        if jobs.store.retry(id, jobs.clock.now()).await? {
            retried.push(id);
        } else {
            refused.push(id);
        }
    }
    Ok((retried, refused))
}
