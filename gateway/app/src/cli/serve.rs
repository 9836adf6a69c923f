//! `invoiceapp serve`: roles of the full stack in this process.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use invoiceapp_telemetry::Telemetry;
use tokio::signal::unix::{SignalKind, signal};

use crate::full::{Role, start};
use crate::settings::Settings;

/// Which roles.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// What this process is; several share it.
    #[arg(value_enum, required = true, value_name = "ROLE")]
    roles: Vec<Role>,
}

/// Runs until a signal asks it to end.
pub(super) async fn run(arguments: ServeArguments, settings: Settings) -> anyhow::Result<ExitCode> {
    let roles: BTreeSet<Role> = arguments.roles.into_iter().collect();
    let role = match roles.first() {
        Some(role) if roles.len() == 1 => Some(role.as_str()),
        _ => None,
    };
    let mut telemetry = crate::logging::init(&settings, role)?;
    let outcome = serve(&roles, &settings, &mut telemetry).await;
    telemetry.end().await;
    outcome
}

async fn serve(
    roles: &BTreeSet<Role>,
    settings: &Settings,
    telemetry: &mut Telemetry,
) -> anyhow::Result<ExitCode> {
    // Asked for before anything is brought up: a signal in between is not lost.
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
    let started = tokio::select! {
        started = start(roles, settings) => Some(started?),
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
    };
    let Some(process) = started else {
        return Ok(ExitCode::SUCCESS);
    };
    telemetry.send_metrics(process.registry())?;
    tracing::info!(?roles, "ready");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("draining");
    process.stop().await;
    Ok(ExitCode::SUCCESS)
}
