//! The command line: `up`, and the tools an operator has beside it.

mod doctor;
mod jobs;
mod journal;
mod migrate;
mod openapi;
mod output;
mod parked;
mod schemas;
mod serve;
mod settings;
mod status;
mod table;
mod tenant;
mod up;

pub(crate) use tenant::Administrator;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::settings::{CONFIG_VARIABLE, Settings};
use crate::visit::Place;

/// Exit code of a command that failed.
pub(crate) const EXIT_FAILED: u8 = 1;

/// How long a thread for blocking work waits for the next. They take turns, so that all of a burst's
/// threads would stay as long as there is one piece of work for each in this time.
const BLOCKING_THREAD_IDLE_MAX: Duration = Duration::from_secs(2);

/// An invoicing platform whose books cannot lie.
#[derive(Debug, Parser)]
#[command(name = "invoiceapp", version, propagate_version = true)]
pub(crate) struct Cli {
    /// Settings as a TOML file; every key can also be set as INVOICEAPP_SECTION__KEY.
    #[arg(long, global = true, value_name = "FILE", env = CONFIG_VARIABLE)]
    config: Option<PathBuf>,

    /// Print one JSON document instead of text for people.
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything in one process; prints the URL when it is ready.
    Up(up::UpArguments),
    /// Run roles of the full stack in this process.
    Serve(serve::ServeArguments),
    /// Make the tables, topics and indexes of the full stack, or bring them up to date.
    Migrate,
    /// The Avro schemas of the events.
    #[command(subcommand)]
    Schemas(schemas::SchemasCommand),
    /// Print the OpenAPI 3.1 document of the REST API.
    Openapi,
    /// Print every setting with its type, default and meaning, as a page in Markdown.
    Settings,
    /// Try every part, and say in one line what is wrong with it and what to do. 1 when one fails.
    Doctor(doctor::DoctorArguments),
    /// Show the head, how far everything is behind it, what waits and what is parked.
    Status(DataArguments),
    /// Tenants.
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// The event journal.
    #[command(subcommand)]
    Journal(journal::JournalCommand),
    /// The views.
    #[command(subcommand)]
    Projection(status::ProjectionCommand),
    /// The relay to Kafka.
    #[command(subcommand)]
    Relay(status::RelayCommand),
    /// The reactors' jobs.
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// What stands still until a person looks at it.
    #[command(subcommand)]
    Parked(parked::ParkedCommand),
}

/// Which installation.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataArguments {
    /// The data directory [default: the full stack when postgres.url is set, else invoiceapp-data].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

impl DataArguments {
    /// The data directory that is named, or what the settings lead to.
    pub(crate) fn place(&self, settings: &Settings) -> Place {
        Place::choose(self.data.as_deref(), settings)
    }
}

/// Parses the command line and runs it. Usage errors exit with 2 (clap), failures with 1.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_keep_alive(BLOCKING_THREAD_IDLE_MAX)
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(dispatch(cli)));
    match result {
        Ok(code) => code,
        Err(error) => {
            output::error(&error);
            ExitCode::from(EXIT_FAILED)
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let settings = Settings::read(cli.config.as_deref())?;
    let output = output::Output::new(cli.json);
    match cli.command {
        Command::Up(arguments) => up::run(arguments, settings, output).await,
        Command::Serve(arguments) => serve::run(arguments, settings).await,
        Command::Migrate => migrate::run(settings, output).await,
        Command::Schemas(command) => schemas::run(command, settings, output).await,
        Command::Openapi => openapi::run(output),
        Command::Settings => settings::run(output),
        Command::Doctor(arguments) => doctor::run(arguments, settings, output).await,
        Command::Status(data) => status::status(&data, &settings, output).await,
        Command::Tenant(command) => tenant::run(command, settings, output).await,
        Command::Journal(command) => journal::run(command, &settings, output).await,
        Command::Projection(command) => status::projection(command, &settings, output).await,
        Command::Relay(command) => status::relay(command, &settings, output).await,
        Command::Jobs(command) => jobs::run(command, &settings, output).await,
        Command::Parked(command) => parked::run(command, &settings, output).await,
    }
}
