//! `invoiceapp schemas`: the events' Avro schemas as they were compiled in.

use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use invoiceapp_avro::{Catalog, Registry, check, register};
use serde_json::{Value, json};

use super::EXIT_FAILED;
use super::output::Output;
use crate::full;
use crate::settings::Settings;

/// `invoiceapp schemas …`
#[derive(Debug, Subcommand)]
pub(crate) enum SchemasCommand {
    /// Register every schema under its subject, and have the registry keep them compatible in both
    /// directions.
    Register,
    /// Check that the schemas are what the types generate, that every revision is compatible with
    /// every other, and that every golden event still decodes. Needs no server.
    Check,
}

/// Runs a schema command.
pub(super) async fn run(
    command: SchemasCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match command {
        SchemasCommand::Register => register_all(&settings, output).await,
        SchemasCommand::Check => check_all(output),
    }
}

async fn register_all(settings: &Settings, output: Output) -> anyhow::Result<ExitCode> {
    invoiceapp_access::init_crypto();
    let catalog = Catalog::compiled().context("the compiled schemas cannot be read")?;
    let registry = Registry::new(&settings.registry.url).context("registry.url is not valid")?;
    let registered = register(&registry, &catalog, &full::topics(settings)).await?;
    let facts: Vec<Value> = registered
        .iter()
        .map(|it| json!({"id": it.id, "subject": it.subject, "revision": it.revision}))
        .collect();
    let lines: Vec<String> = registered
        .iter()
        .map(|it| format!("{:>6}  {} r{}", it.id, it.subject, it.revision))
        .collect();
    output.print(&facts, &lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn check_all(output: Output) -> anyhow::Result<ExitCode> {
    let report = check();
    let facts = json!({
        "schemas": report.schemas,
        "golden_events": report.golden_events,
        "problems": report.problems,
    });
    let mut lines = report.problems.clone();
    lines.push(format!(
        "{} schemas, {} golden events, {} problems",
        report.schemas,
        report.golden_events,
        report.problems.len()
    ));
    output.print(&facts, &lines.join("\n"))?;
    Ok(if report.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    })
}
