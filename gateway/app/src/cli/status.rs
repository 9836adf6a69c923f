//! `invoiceapp status`, `projection` and `relay`: how far everything is, in one screen or a part of it.

use std::process::ExitCode;

use clap::Subcommand;
use invoiceapp_runtime::JobState;
use serde_json::json;

use super::output::Output;
use super::table::{age, ago, plain, table};
use super::{DataArguments, EXIT_FAILED};
use crate::reading::{Lag, Leadership, ReactorReading, Read, Reading, RelayReading, ViewReading};
use crate::settings::Settings;
use crate::visit;

/// `invoiceapp projection …`
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectionCommand {
    /// Name the views with their generations and the positions they have reached.
    List(DataArguments),
    /// Show how far each view is behind the journal, and how many streams are parked.
    Status(DataArguments),
}

/// `invoiceapp relay …`
#[derive(Debug, Subcommand)]
pub(crate) enum RelayCommand {
    /// Show who publishes, up to which position, and how far that is behind the journal.
    Status(DataArguments),
}

/// Everything in one screen. 1 when a part cannot be read.
pub(super) async fn status(
    data: &DataArguments,
    settings: &Settings,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let reading = read(data, settings).await?;
    let mut screens = vec![head_line(&reading)];
    if let Some(relay) = &reading.relay {
        screens.push(relay_lines(relay));
    }
    screens.push(views_table(&reading.views));
    screens.push(reactors_table(&reading));
    output.print(&reading, &screens.join("\n\n"))?;
    Ok(code(is_known(&reading)))
}

/// Runs a projection command.
pub(super) async fn projection(
    command: ProjectionCommand,
    settings: &Settings,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let (data, is_list) = match &command {
        ProjectionCommand::List(data) => (data, true),
        ProjectionCommand::Status(data) => (data, false),
    };
    let reading = read(data, settings).await?;
    let views = &reading.views;
    if is_list {
        let position = |view: &ViewReading| view.facts.known().map(|facts| facts.position);
        let facts: Vec<_> = views
            .iter()
            .map(|it| json!({"view": it.view, "generation": it.generation, "position": position(it)}))
            .collect();
        let rows: Vec<_> = views
            .iter()
            .map(|it| {
                let position = position(it).map_or_else(|| "?".to_owned(), |it| it.to_string());
                vec![it.view.to_owned(), it.generation.clone(), position]
            })
            .collect();
        output.print(&facts, &table(&["VIEW", "GENERATION", "POSITION"], &rows))?;
    } else {
        output.print(views, &views_table(views))?;
    }
    Ok(code(views.iter().all(|view| view.facts.known().is_some())))
}

/// Runs a relay command.
pub(super) async fn relay(
    command: RelayCommand,
    settings: &Settings,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let RelayCommand::Status(data) = &command;
    let sources = visit::sources(&data.place(settings), settings).await?;
    let Some(relay) = sources.read().await.relay else {
        let text = "A data directory has no relay: the journal itself is the feed.";
        output.print(&None::<RelayReading>, text)?;
        return Ok(ExitCode::SUCCESS);
    };
    let mut text = relay_lines(&relay);
    let behind = relay.known().filter(|relay| relay.lag.events > 0);
    if let Some(behind) = behind {
        // When it stands still, this is the event that it stands before.
        let next = sources.journal.chain_page(behind.position, 1).await?;
        let next = next.first().map(|event| {
            let (position, kind) = (event.position, &event.event_type);
            format!("\nnext        {position}, {kind} of {}", event.stream)
        });
        text.push_str(&next.unwrap_or_default());
    }
    output.print(&relay, &text)?;
    Ok(code(relay.known().is_some()))
}

async fn read(data: &DataArguments, settings: &Settings) -> anyhow::Result<Reading> {
    let sources = visit::sources(&data.place(settings), settings).await?;
    Ok(sources.read().await)
}

fn code(is_known: bool) -> ExitCode {
    if is_known {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    }
}

fn is_known(reading: &Reading) -> bool {
    let relay = reading.relay.as_ref();
    reading.journal.known().is_some()
        && reading.reactors.known().is_some()
        && reading.views.iter().all(|it| it.facts.known().is_some())
        && relay.is_none_or(|relay| relay.known().is_some())
}

fn head_line(reading: &Reading) -> String {
    match &reading.journal {
        Read::Known(journal) => format!("head        {}", journal.position),
        Read::Unknown { problem } => format!("head        cannot be read: {}", plain(problem)),
    }
}

fn relay_lines(relay: &Read<RelayReading>) -> String {
    let relay = match relay {
        Read::Known(relay) => relay,
        Read::Unknown { problem } => {
            return format!("relay       cannot be read: {}", plain(problem));
        }
    };
    let publishes = match relay.leadership {
        Leadership::Leader | Leadership::Standby => "a relay publishes",
        Leadership::Vacant => "NO RELAY PUBLISHES; is `invoiceapp serve relay` running?",
    };
    format!(
        "relay       {publishes}\nposition    {}\nbehind      {}\nepoch       {}",
        relay.position,
        behind(relay.lag),
        relay.epoch
    )
}

fn views_table(views: &[ViewReading]) -> String {
    let rows: Vec<Vec<String>> = views
        .iter()
        .map(|view| {
            let mut row = vec![view.view.to_owned()];
            match &view.facts {
                Read::Known(facts) => row.extend([
                    facts.position.to_string(),
                    behind(facts.lag),
                    facts.parked.to_string(),
                    facts.parked_oldest.map_or_else(|| "-".to_owned(), age),
                    view.generation.clone(),
                ]),
                Read::Unknown { problem } => row.push(format!("cannot be read: {problem}")),
            }
            row
        })
        .collect();
    let heading = [
        "VIEW",
        "POSITION",
        "BEHIND",
        "PARKED",
        "SINCE",
        "GENERATION",
    ];
    table(&heading, &rows)
}

/// The states of a job that is not finished.
const OPEN: [JobState; 4] = [
    JobState::Planned,
    JobState::Running,
    JobState::Waiting,
    JobState::Parked,
];

fn reactors_table(reading: &Reading) -> String {
    let reactors = match &reading.reactors {
        Read::Known(reactors) => reactors,
        Read::Unknown { problem } => {
            return format!("jobs        cannot be read: {}", plain(problem));
        }
    };
    let count = |reactor: &ReactorReading, state: JobState| {
        let found = reactor.jobs.iter().find(|it| it.state == state);
        found.map_or(0, |it| it.count).to_string()
    };
    let rows: Vec<Vec<String>> = reactors
        .iter()
        .map(|reactor| {
            let mut row = vec![
                reactor.reactor.clone(),
                reactor.position.to_string(),
                behind(reactor.lag),
            ];
            row.extend(OPEN.iter().map(|state| count(reactor, *state)));
            row.push(ago(reading.at, reactor.oldest()));
            row
        })
        .collect();
    let heading = [
        "REACTOR", "POSITION", "BEHIND", "PLANNED", "RUNNING", "WAITING", "PARKED", "OLDEST",
    ];
    table(&heading, &rows)
}

fn behind(lag: Lag) -> String {
    if lag.events == 0 {
        "-".to_owned()
    } else {
        format!("{} events, {}", lag.events, age(lag.age))
    }
}
