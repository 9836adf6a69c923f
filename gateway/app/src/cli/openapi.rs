//! `invoiceapp openapi`: the description of the REST API.

use std::process::ExitCode;

use anyhow::Context;

use super::output::Output;

/// Prints the OpenAPI document; it is JSON with and without `--json`.
pub(super) fn run(output: Output) -> anyhow::Result<ExitCode> {
    let document = crate::services::openapi()?;
    let pretty = document
        .to_pretty_json()
        .context("the document cannot be written")?;
    output.print(&document, &pretty)?;
    Ok(ExitCode::SUCCESS)
}
