//! `invoiceapp journal`: what is in it, and whether it is what was written.

use std::process::ExitCode;

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use invoiceapp_journal::verify::verify;
use serde_json::json;

use super::output::Output;
use super::{DataArguments, EXIT_FAILED};
use crate::settings::Settings;
use crate::visit::{self, VisitedJournal};

/// `invoiceapp journal …`
#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Show head, streams and size.
    Status(DataArguments),
    /// Recompute the hash chain, and name the first bad position.
    Verify(DataArguments),
}

/// Runs a journal command.
pub(super) async fn run(
    command: JournalCommand,
    settings: &Settings,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let (data, verifies) = match command {
        JournalCommand::Status(data) => (data, false),
        JournalCommand::Verify(data) => (data, true),
    };
    // Without the directory's lock: what is only read may be read while it is written.
    let journal = visit::journal(&data.place(settings), settings).await?;
    if verifies {
        verify_chain(journal.as_ref(), output).await
    } else {
        status(journal.as_ref(), output).await
    }
}

async fn status(journal: &dyn VisitedJournal, output: Output) -> anyhow::Result<ExitCode> {
    let status = journal.status().await?;
    let facts = json!({
        "position": status.head.position,
        "hash": status.head.hash.to_string(),
        "recorded_at": status.recorded_at,
        "streams": status.streams,
        "receipts": status.receipts,
        "bytes": status.bytes,
    });
    let text = format!(
        "head      {}\nhash      {}\nstreams   {}\nbytes     {}",
        status.head.position, status.head.hash, status.streams, status.bytes
    );
    output.print(&facts, &text)?;
    Ok(ExitCode::SUCCESS)
}

async fn verify_chain(journal: &dyn VisitedJournal, output: Output) -> anyhow::Result<ExitCode> {
    let bar = if output.is_json() {
        ProgressBar::hidden()
    } else {
        ProgressBar::no_length()
    };
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} events")?);
    let verification = verify(journal, |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    })
    .await?;
    bar.finish_and_clear();
    let fault = verification.fault.as_ref();
    let facts = json!({
        "intact": fault.is_none(),
        "events": verification.events,
        "streams": verification.streams,
        "position": verification.head.position,
        "hash": verification.head.hash.to_string(),
        "first_bad_position": fault.map(|fault| fault.position),
        "reason": fault.map(|fault| fault.reason.clone()),
    });
    let text = match fault {
        None => format!(
            "The journal is intact: {} events in {} streams, head {} {}",
            verification.events,
            verification.streams,
            verification.head.position,
            verification.head.hash
        ),
        Some(fault) => {
            format!(
                "The journal is DAMAGED at position {}: {}",
                fault.position, fault.reason
            )
        }
    };
    output.print(&facts, &text)?;
    Ok(if fault.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    })
}
