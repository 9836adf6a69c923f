//! `invoiceapp up`: everything in one process.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use invoiceapp_domain::TenantId;
use invoiceapp_telemetry::Telemetry;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::output::Output;
use super::tenant::{self, Administrator};
use crate::demo;
use crate::embedded::{Listeners, Stores, System};
use crate::settings::Settings;

/// The tenant that a fresh data directory begins with.
const FIRST_TENANT: &str = "default";

/// Flags of `up`; each wins over the settings.
#[derive(Debug, Args)]
pub(crate) struct UpArguments {
    /// Data directory [default: invoiceapp-data]
    #[arg(long, value_name = "DIR")]
    data: Option<std::path::PathBuf>,

    /// Address of the REST API [default: 127.0.0.1:3300]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// Add an organisation, products and a few invoices in several states
    #[arg(long)]
    demo: bool,
}

/// What is printed when the system is ready.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    url: &'a str,
    data: &'a Path,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_file: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    demo: Option<&'a demo::Outcome>,
}

/// Runs until a signal asks it to end.
pub(super) async fn run(
    arguments: UpArguments,
    mut settings: Settings,
    output: Output,
) -> anyhow::Result<ExitCode> {
    if let Some(data) = &arguments.data {
        settings.data_dir.clone_from(data);
    }
    if let Some(listen) = arguments.listen {
        settings.http.listen = listen;
    }
    let mut telemetry = crate::logging::init(&settings, None)?;
    let outcome = serve(arguments.demo, &settings, output, &mut telemetry).await;
    telemetry.end().await;
    outcome
}

async fn serve(
    with_demo: bool,
    settings: &Settings,
    output: Output,
    telemetry: &mut Telemetry,
) -> anyhow::Result<ExitCode> {
    // Asked for before anything is brought up: a signal in between is not lost.
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;

    let listeners = Listeners::bind(settings).await?;
    let stores = Stores::open(&settings.data_dir).await?;
    let first = TenantId::parse(FIRST_TENANT)?;
    let administrator = Administrator::from_settings(settings, &stores, &first).await?;
    tenant::provision(&stores, &first, &administrator).await?;
    stores.catch_up().await?;
    stores.remove_stale_views();
    let system = System::start(stores, listeners, settings).await?;
    telemetry.send_metrics(system.registry())?;
    let url = format!("http://{}", system.address());
    let demo = if with_demo {
        Some(
            demo::run(&system, &administrator)
                .await
                .context("the demo could not be set up")?,
        )
    } else {
        None
    };
    let ready = Ready {
        url: &url,
        data: &settings.data_dir,
        username: &administrator.email,
        password_file: administrator.password_file.as_deref(),
        demo: demo.as_ref(),
    };
    output.print(&ready, &welcome(&ready, &administrator))?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("draining");
    system.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn welcome(ready: &Ready<'_>, administrator: &Administrator) -> String {
    let mut lines = vec![
        format!("InvoiceApp is ready at {}", ready.url),
        format!("  API documentation   {}/api/v1/docs", ready.url),
        format!("  data directory      {}", ready.data.display()),
        format!("  log in as           {}", ready.username),
    ];
    if let Some(password) = administrator.made_up_password() {
        lines.push(format!("  password            {password}   (shown once)"));
    }
    if let Some(file) = ready.password_file {
        lines.push(format!("  password kept in    {}", file.display()));
    }
    if let Some(demo) = ready.demo {
        lines.extend(demo.lines(ready.url, administrator));
    }
    lines.push("Stop it with Ctrl-C.".to_owned());
    lines.join("\n")
}
