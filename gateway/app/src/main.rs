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
mod metrics;
mod reading;
mod services;
mod settings;
mod visit;

use std::process::ExitCode;

/// Memory is taken in one thread and given back in another all the time, and an idle process is to be
/// small: what is free for ten seconds goes back to the system (`docs/adr/0011`).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::run()
}
