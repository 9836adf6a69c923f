//! What telemetry costs whoever is observed: systems side by side, one that sends nothing, one whose
//! receiver is gone, one whose receiver takes what it is sent and never answers, one whose receiver
//! takes everything. A second one that sends nothing shows what the machine alone does to a ratio.
//!
//! `cargo bench -p invoiceapp-app --bench telemetry` measures all three, and `-- pace`, `-- rush` or
//! `-- growth` one of them:
//!
//! | | what |
//! |---|---|
//! | `pace` | requests that come at a fixed rate, whether or not earlier ones are answered: how long a client waits |
//! | `rush` | four clients as fast as they can, on all cores: how much work there is, in time and in processor time |
//! | `growth` | resident memory after so many requests, and so many more |
//!
//! The built binary is driven over HTTP as a client would drive it. In every round each system gets
//! the same requests, in changing order; what is compared are the rounds' own ratios.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench: it prints its table, and a part that fails ends it"
)]

#[path = "../up/client.rs"]
#[expect(dead_code, reason = "the other bench uses the rest")]
mod client;
mod contender;
mod growth;
#[path = "../up/memory.rs"]
#[expect(dead_code, reason = "the other bench uses the rest")]
mod memory;
#[path = "../up/process.rs"]
#[expect(dead_code, reason = "the other bench uses the rest")]
mod process;
mod receivers;
mod rounds;
#[path = "../up/table.rs"]
mod table;

use std::process::ExitCode;

use contender::{Contender, contender};
use rounds::Load;
use table::Table;
use tempfile::TempDir;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        // `cargo test` builds and starts benches as well; measuring is not its business.
        return ExitCode::SUCCESS;
    }
    invoiceapp_access::init_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(measure(&arguments));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("no runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &[String]) {
    let parts = ["pace", "rush", "growth"];
    let is_asked = |part: &str| arguments.iter().any(|argument| argument == part);
    let is_any_asked = parts.into_iter().any(is_asked);
    for part in parts {
        if is_any_asked && !is_asked(part) {
            continue;
        }
        // Fresh systems for each: the one before leaves memory and backlogs behind.
        let folder = tempfile::tempdir().expect("a folder");
        let mut table = Table::new();
        let contenders = contenders(&folder).await;
        match part {
            "pace" => rounds::measure(Load::Pace, contenders, &mut table).await,
            "rush" => rounds::measure(Load::Rush, contenders, &mut table).await,
            _ => growth::measure(contenders, &mut table).await,
        }
        println!("{part}");
        table.print();
    }
}

/// The one that the others are compared with comes first.
async fn contenders(folder: &TempDir) -> Vec<Contender> {
    let receivers = [
        ("nothing is sent", None),
        ("nothing is sent, again", None),
        ("receiver gone", Some(receivers::gone())),
        ("receiver never answers", Some(receivers::silent())),
        ("receiver takes all", Some(receivers::taking().await)),
    ];
    let mut contenders = Vec::new();
    for (name, receiver) in receivers {
        contenders.push(contender(folder.path(), name, receiver).await);
    }
    contenders
}
