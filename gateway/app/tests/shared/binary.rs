//! The built binary, with an environment that is the test's alone.

use std::process::Command;

/// The administrator of every embedded system.
pub(crate) const ADMIN_EMAIL: &str = "admin@default.example";
/// The password of every administrator.
pub(crate) const ADMIN_PASSWORD: &str = "correct horse battery staple";

/// The binary. What the caller's environment says of another installation is not its business.
pub(crate) fn invoiceapp() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_invoiceapp"));
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("INVOICEAPP_") {
            command.env_remove(key);
        }
    }
    command
        .env("INVOICEAPP_ADMIN_EMAIL", ADMIN_EMAIL)
        .env("INVOICEAPP_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .env("INVOICEAPP_HTTP__MANAGEMENT_LISTEN", "127.0.0.1:0")
        .env("INVOICEAPP_RATE_LIMIT__PER_SECOND", "100000")
        .env("INVOICEAPP_RATE_LIMIT__BURST", "100000");
    command
}
