//! `invoiceapp up` on a data directory with 100,000 invoices: how long until it is ready, how much
//! memory it has when nobody asks anything, and what a list costs on its first and on its thousandth
//! page.
//!
//! `cargo bench -p invoiceapp-app --bench up`. The built binary is driven over HTTP as a client
//! would drive it. The directory is prepared once, in the temporary directory, and kept for the next
//! run; remove it there to have it made again.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench: it prints its table, and a part that fails ends it"
)]

mod client;
mod memory;
mod prepare;
mod process;
mod requests;
mod table;

use std::process::ExitCode;

use client::Client;
use process::Server;
use table::{Table, milliseconds, tenths_of_mib};

/// Invoices in the directory.
const INVOICES: usize = 100_000;
/// Starts that are measured; one more before them is thrown away.
const STARTS: usize = 9;
/// Documents on a page.
const PAGE_LENGTH: usize = 50;
/// The far page.
const FAR_PAGE: usize = 1_000;

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        // `cargo test` builds and starts benches as well; measuring is not its business.
        return ExitCode::SUCCESS;
    }
    invoiceapp_access::init_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(measure());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("no runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure() {
    let directory = prepare::prepared().await;
    let mut table = Table::new();
    // What is newer than the prepared directory may be brought up to date by the first start.
    Server::start(&directory).stop();
    let mut ready = Vec::new();
    let mut stopped = Vec::new();
    for _ in 0..STARTS {
        let server = Server::start(&directory);
        ready.push(server.ready_after());
        stopped.push(server.stop());
    }
    table.durations("`up` until it is ready", "1,000", &mut ready);
    table.durations("SIGTERM until it has ended", "", &mut stopped);

    let server = Server::start(&directory);
    let idle = server.settled();
    table.value(
        "resident memory, idle, MiB",
        "120",
        &tenths_of_mib(idle.memory.resident_kib),
    );
    table.value(
        "the same, at its highest so far, MiB",
        "",
        &tenths_of_mib(idle.memory.peak_kib),
    );
    table.value("threads", "", &idle.memory.threads.to_string());
    table.value(
        "processor time per idle second, ms",
        "",
        &milliseconds(idle.processor_time_per_second),
    );

    let client = Client::new(server.url());
    requests::measure(&client, &mut table).await;
    let after = server.settled();
    table.value(
        "resident memory after these requests, idle, MiB",
        "120",
        &tenths_of_mib(after.memory.resident_kib),
    );
    server.stop();
    table.print();
}
