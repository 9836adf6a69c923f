//! `invoiceapp migrate`: tables, topics and indexes of the full stack.

use std::process::ExitCode;

use serde_json::json;

use super::output::Output;
use crate::full;
use crate::settings::Settings;

/// Makes what is missing and brings up to date what is there; repeating it changes nothing.
pub(super) async fn run(settings: Settings, output: Output) -> anyhow::Result<ExitCode> {
    let telemetry = crate::logging::init(&settings, Some("migrate"))?;
    let done = full::migrate(&settings).await;
    telemetry.end().await;
    let done = done?;
    output.print(
        &json!({"migrated": done}),
        &format!("Up to date: {}.", done.join(", ")),
    )?;
    Ok(ExitCode::SUCCESS)
}
