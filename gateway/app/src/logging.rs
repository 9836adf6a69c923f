//! What the process says about itself, and where that goes.

use std::io::IsTerminal;

use anyhow::Context;
use invoiceapp_domain::Ambient;
use invoiceapp_telemetry::{Identity, Lines, Options, Telemetry, start};

use crate::ambient::MachineAmbient;
use crate::settings::{LogFormat, Settings};

/// What the system calls itself.
const SYSTEM: &str = "invoiceapp";

/// Sets the process up to be observed: lines on stderr, and what the settings say is sent. `role` is
/// what this process is, when it is one part of the system. Readable on a terminal, JSON otherwise
/// or when asked for.
///
/// # Errors
/// When a setting is not valid, or the process is set up already.
pub(crate) fn init(settings: &Settings, role: Option<&str>) -> anyhow::Result<Telemetry> {
    invoiceapp_access::init_crypto();
    let terminal = std::io::stderr().is_terminal();
    let json = match settings.log.format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let of_role = || role.map_or_else(|| SYSTEM.to_owned(), |role| format!("{SYSTEM}-{role}"));
    let identity = Identity {
        name: settings
            .telemetry
            .service_name
            .clone()
            .unwrap_or_else(of_role),
        version: env!("CARGO_PKG_VERSION"),
        instance: MachineAmbient.new_id().to_string(),
    };
    let options = Options {
        identity,
        lines: Lines {
            filter: settings.log.filter.clone(),
            json,
            colours: terminal,
        },
        export: settings.telemetry.export()?,
    };
    start(options).context("telemetry cannot be set up")
}
