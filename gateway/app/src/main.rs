//! The binary: the composition root and the command line. Everything is wired here and nowhere
//! else; no other place knows whether it runs embedded.

mod ambient;
mod cli;
mod credentials;
mod data_dir;
mod demo;
mod directory;
mod embedded;
mod full;
mod logging;
mod services;
mod settings;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
