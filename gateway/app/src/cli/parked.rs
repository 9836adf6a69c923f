//! `invoiceapp parked`: what stands still until a person looks at it. A view's stream that cannot be
//! folded, and a reactor's job that cannot be done, with whatever waits behind them.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use invoiceapp_domain::StreamId;
use invoiceapp_projections::ParkedKey;
use invoiceapp_projections::projector::{Retried, retry_parked};
use invoiceapp_runtime::{JobFilter, JobId, JobRecord, JobState};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::jobs::retry_all;
use super::output::Output;
use super::table::{ago, plain, table};
use super::{DataArguments, EXIT_FAILED};
use crate::settings::Settings;
use crate::visit::{self, Place, VisitedJobs};

/// Parked things of one listing, unless asked otherwise.
const PAGE_DEFAULT: u16 = 50;
/// Most that one listing shows, and one retry tries, of streams and of jobs.
const PAGE_MAX: u16 = 1_000;

/// `invoiceapp parked …`
#[derive(Debug, Subcommand)]
pub(crate) enum ParkedCommand {
    /// List the streams that views have parked, and the jobs that reactors have.
    List {
        /// Most of each kind; at most 1000.
        #[arg(long, value_name = "N", default_value_t = PAGE_DEFAULT)]
        limit: u16,
        #[command(flatten)]
        data: DataArguments,
    },
    /// Show one with everything that is known of it.
    Show {
        /// A stream (`invoice/acme:…`) or the id of a job, as the list has it.
        id: String,
        #[command(flatten)]
        data: DataArguments,
    },
    /// Try again: fold the stream from its first event, or make the job due now. 1 when one stays
    /// parked.
    Retry(RetryArguments),
}

/// Which to retry.
#[derive(Debug, Args)]
pub(crate) struct RetryArguments {
    /// Streams and ids of jobs, as the list has them.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    ids: Vec<String>,
    /// Everything that is parked, at most 1000 of each kind at once.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    data: DataArguments,
}

/// What an id names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    Stream(StreamId),
    Job(JobId),
}

impl Subject {
    fn parse(id: &str) -> anyhow::Result<Self> {
        if let Ok(job) = Uuid::try_parse(id) {
            return Ok(Self::Job(JobId(job)));
        }
        let stream = id
            .split_once('/')
            .and_then(|(kind, key)| StreamId::from_columns(kind, key).ok());
        let stream = stream.with_context(|| format!("{id} is neither a stream nor a job's id"));
        Ok(Self::Stream(stream?))
    }
}

/// The parts that park.
struct Parts {
    place: Place,
    jobs: VisitedJobs,
    views: std::sync::Arc<dyn invoiceapp_projections::ViewStore>,
}

#[derive(Debug, Serialize)]
struct ParkedStream {
    stream: String,
    position: u64,
    reason: String,
}

impl From<ParkedKey> for ParkedStream {
    fn from(key: ParkedKey) -> Self {
        Self {
            stream: key.stream.to_string(),
            position: key.position,
            reason: key.reason,
        }
    }
}

impl Parts {
    async fn open(data: &DataArguments, settings: &Settings) -> anyhow::Result<Self> {
        let place = data.place(settings);
        Ok(Self {
            jobs: visit::jobs(&place, settings).await?,
            views: visit::views(&place, settings).await?,
            place,
        })
    }

    async fn streams(&self, limit: u16) -> anyhow::Result<Vec<ParkedStream>> {
        let limit = u32::from(limit.clamp(1, PAGE_MAX));
        let parked = self.views.parked(limit).await;
        let parked = parked.context("the views cannot be read")?;
        Ok(parked.into_iter().map(ParkedStream::from).collect())
    }

    async fn jobs(&self, limit: u16) -> anyhow::Result<Vec<JobRecord>> {
        let filter = JobFilter {
            state: Some(JobState::Parked),
            limit: usize::from(limit.clamp(1, PAGE_MAX)),
            ..JobFilter::default()
        };
        let parked = self.jobs.store.list(&filter).await;
        parked.context("the jobs cannot be read")
    }
}

/// Runs a parked command.
pub(super) async fn run(
    command: ParkedCommand,
    settings: &Settings,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match command {
        ParkedCommand::List { limit, data } => {
            let parts = Parts::open(&data, settings).await?;
            list(&parts, limit, output).await
        }
        ParkedCommand::Show { id, data } => {
            let subject = Subject::parse(&id)?;
            let parts = Parts::open(&data, settings).await?;
            show(&parts, &subject, output).await
        }
        ParkedCommand::Retry(arguments) => retry(arguments, settings, output).await,
    }
}

async fn list(parts: &Parts, limit: u16, output: Output) -> anyhow::Result<ExitCode> {
    let streams = parts.streams(limit).await?;
    let jobs = parts.jobs(limit).await?;
    let now = parts.jobs.clock.now();
    let of_views = streams.iter().map(|it| {
        let since = "-".to_owned();
        let position = it.position.to_string();
        let reason = it.reason.clone();
        vec![
            it.stream.clone(),
            "documents".to_owned(),
            position,
            since,
            reason,
        ]
    });
    let of_reactors = jobs.iter().map(|it| {
        let since = ago(now, Some(it.updated_at));
        let position = it.position.to_string();
        let reason = it.reason.clone().unwrap_or_default();
        vec![
            it.id.to_string(),
            it.reactor.clone(),
            position,
            since,
            reason,
        ]
    });
    let rows: Vec<Vec<String>> = of_views.chain(of_reactors).collect();
    let text = if rows.is_empty() {
        "Nothing is parked.".to_owned()
    } else {
        table(&["ID", "BY", "POSITION", "SINCE", "REASON"], &rows)
    };
    output.print(&json!({"streams": streams, "jobs": jobs}), &text)?;
    Ok(ExitCode::SUCCESS)
}

async fn show(parts: &Parts, subject: &Subject, output: Output) -> anyhow::Result<ExitCode> {
    let facts = match subject {
        Subject::Stream(stream) => {
            let name = stream.to_string();
            let streams = parts.streams(PAGE_MAX).await?;
            let found = streams.into_iter().find(|it| it.stream == name);
            json!(found.with_context(|| format!("{name} is not parked"))?)
        }
        Subject::Job(id) => {
            let filter = JobFilter {
                id: Some(*id),
                ..JobFilter::default()
            };
            let found = parts.jobs.store.list(&filter).await?.pop();
            json!(found.with_context(|| format!("there is no job {id}"))?)
        }
    };
    output.print(&facts, &lines(&facts))?;
    Ok(ExitCode::SUCCESS)
}

/// One line per fact.
fn lines(facts: &Value) -> String {
    let facts = facts.as_object().into_iter().flatten();
    let rows: Vec<String> = facts
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            format!("{name:<12} {}", plain(&value))
        })
        .collect();
    rows.join("\n")
}

/// What became of a retry.
#[derive(Debug, Serialize)]
struct Outcome {
    id: String,
    /// `healed`, `due`, `parked` or `not_parked`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

async fn retry(
    arguments: RetryArguments,
    settings: &Settings,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let ids = arguments.ids.iter();
    let named: Vec<Subject> = ids.map(|id| Subject::parse(id)).collect::<Result<_, _>>()?;
    let parts = Parts::open(&arguments.data, settings).await?;
    let subjects = if arguments.all {
        everything(&parts).await?
    } else {
        named
    };
    let journal = visit::journal(&parts.place, settings).await?;
    let mut outcomes = Vec::new();
    for subject in subjects {
        let (id, (outcome, reason)) = match subject {
            Subject::Stream(stream) => {
                let retried = retry_parked(journal.as_ref(), parts.views.as_ref(), &stream).await;
                let retried = retried.with_context(|| format!("{stream} cannot be retried"))?;
                (stream.to_string(), of_stream(retried))
            }
            Subject::Job(job) => {
                let (retried, _) = retry_all(&parts.jobs, vec![job]).await?;
                let outcome = if retried.is_empty() {
                    "not_parked"
                } else {
                    "due"
                };
                (job.to_string(), (outcome, None))
            }
        };
        outcomes.push(Outcome {
            id,
            outcome,
            reason,
        });
    }
    let rows: Vec<Vec<String>> = outcomes
        .iter()
        .map(|it| {
            let reason = it.reason.clone().unwrap_or_default();
            vec![it.id.clone(), it.outcome.to_owned(), reason]
        })
        .collect();
    output.print(&outcomes, &table(&["ID", "OUTCOME", "REASON"], &rows))?;
    let is_bad = |it: &Outcome| matches!(it.outcome, "parked" | "not_parked");
    Ok(if outcomes.iter().any(is_bad) {
        ExitCode::from(EXIT_FAILED)
    } else {
        ExitCode::SUCCESS
    })
}

fn of_stream(retried: Retried) -> (&'static str, Option<String>) {
    match retried {
        Retried::Healed { .. } => ("healed", None),
        Retried::NotParked => ("not_parked", None),
        Retried::StillParked(error) => {
            let error = anyhow::Error::from(error);
            ("parked", Some(format!("{error:#}")))
        }
    }
}

async fn everything(parts: &Parts) -> anyhow::Result<Vec<Subject>> {
    let streams = parts.streams(PAGE_MAX).await?;
    let streams = streams.iter().map(|it| Subject::parse(&it.stream));
    let mut subjects: Vec<Subject> = streams.collect::<Result<_, _>>()?;
    let jobs = parts.jobs(PAGE_MAX).await?;
    subjects.extend(jobs.into_iter().map(|job| Subject::Job(job.id)));
    if subjects.is_empty() {
        bail!("nothing is parked");
    }
    Ok(subjects)
}
