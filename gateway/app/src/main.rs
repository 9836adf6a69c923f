//! The binary: the composition root and the command line. Everything is wired here and nowhere
//! else; no other place knows whether it runs embedded.

mod ambient;
mod cli;
mod data_dir;
mod demo;
mod embedded;
mod logging;
mod settings;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
