//! Appending and loading on SQLite, in paired rounds against raw cqrs-es + sqlite-es.
//!
//! `cargo bench -p invoiceapp-journal`. A round runs every contender once, each on a database of its
//! own, forwards in even rounds and backwards in odd ones; a figure is the median of the rounds' own
//! ratios, so that a machine that is busy for a while does not favour anybody. Who has just run with
//! many in flight is slower with many once more, so nobody follows its like ([`ORDER`]).

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench: it prints its table, and a part that fails ends it"
)]

mod contender;
mod invoice;
mod load;
mod rounds;

use std::process::ExitCode;
use std::time::Duration;

use contender::{Ours, Port, Raw};
use rounds::{Series, report};

/// Rounds that are measured; one more before them is thrown away.
const ROUNDS: usize = 21;
/// How long each contender runs in a round: short, so that what disturbs the machine disturbs the
/// whole of a round, and long enough that its first moments, when no cache has anything of it, do
/// not count for much.
const SLICE: Duration = Duration::from_secs(1);
/// How long the raw peer is tried with each pool, and how often.
const TRIAL: Duration = Duration::from_millis(400);
const TRIALS: usize = 5;
/// How long a contender runs under a profiler.
const PROFILE: Duration = Duration::from_secs(4);
/// Commands that are under way at once.
const MANY: usize = 64;
/// The order of a round, of the places in the table.
const ORDER: [usize; 7] = [0, 5, 2, 3, 6, 1, 4];
/// Connections that the raw peer is tried with; its best is measured.
const RAW_POOLS: [u32; 3] = [1, 8, 64];

/// The allocator of the product's binary, for all contenders alike.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        // `cargo test` builds and starts benches as well; measuring is not its business.
        return ExitCode::SUCCESS;
    }
    let is_profile = std::env::args().any(|argument| argument == "profile");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(async {
                if is_profile {
                    profile().await
                } else {
                    measure().await
                }
            });
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("no runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One contender for a while, under a profiler: `cargo bench -p invoiceapp-journal -- profile raw 1`.
async fn profile() {
    let arguments: Vec<String> = std::env::args().collect();
    let asks_for = |word: &str| arguments.iter().any(|argument| argument == word);
    if asks_for("load") {
        return load::measure().await;
    }
    let in_flight = if asks_for("1") { 1 } else { MANY };
    let (name, rate) = if asks_for("raw") {
        let raw = Raw::open(RAW_POOLS[1]).await;
        ("raw", contender::run(&raw, in_flight, PROFILE).await)
    } else if asks_for("port") {
        let port = Port::open().await;
        (
            "port alone",
            contender::run(&port, in_flight, PROFILE).await,
        )
    } else {
        let ours = Ours::open().await;
        let rate = contender::run(&ours, in_flight, PROFILE).await;
        ours.say_batches();
        ("executor", rate)
    };
    println!("{name}, {in_flight} in flight: {rate}/s");
}

async fn measure() {
    let [ours, again, ours_alone] = [Ours::open().await, Ours::open().await, Ours::open().await];
    let [port, port_alone] = [Port::open().await, Port::open().await];
    let raw = best_raw().await;
    let mut rates = [
        Series::new("executor, 64 in flight"),
        Series::new("executor, 64 in flight, again"),
        Series::new("executor, 1 in flight"),
        Series::new("port alone, 64 in flight"),
        Series::new("port alone, 1 in flight"),
        Series::new("cqrs-es + sqlite-es, 64 in flight"),
        Series::new("cqrs-es + sqlite-es, 1 in flight"),
    ];
    for round in 0..=ROUNDS {
        let mut order = ORDER;
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let rate = match index {
                0 => contender::run(&ours, MANY, SLICE).await,
                1 => contender::run(&again, MANY, SLICE).await,
                2 => contender::run(&ours_alone, 1, SLICE).await,
                3 => contender::run(&port, MANY, SLICE).await,
                4 => contender::run(&port_alone, 1, SLICE).await,
                5 => contender::run(&raw, MANY, SLICE).await,
                _ => contender::run(&raw, 1, SLICE).await,
            };
            if round > 0 {
                rates[index].push(rate);
            }
        }
    }
    let [many, control, one, port_many, port_one, raw_many, raw_one] = &rates;
    println!(
        "\nappend, commands per second, {ROUNDS} rounds of {SLICE:?}, raw pool {}",
        raw.pool
    );
    report(
        &rates,
        &[
            ("control: the executor to itself", control, many),
            ("executor, 64 to 1 in flight (at least 8)", many, one),
            (
                "executor to raw, 64 in flight (at least 10)",
                many,
                raw_many,
            ),
            ("executor to raw, 1 in flight (at least 1)", one, raw_one),
            ("port alone, 64 to 1 in flight", port_many, port_one),
            ("port alone to raw, 64 in flight", port_many, raw_many),
            ("port alone to raw, 1 in flight", port_one, raw_one),
        ],
    );
    ours.verify().await;
    load::measure().await;
}

/// The raw peer with the pool that serves it best, by the median of several tries in turn.
async fn best_raw() -> Raw {
    let mut raws = Vec::new();
    for pool in RAW_POOLS {
        raws.push((Vec::new(), Raw::open(pool).await));
    }
    for trial in 0..=TRIALS {
        for (rates, raw) in &mut raws {
            let rate = contender::run(raw, MANY, TRIAL).await;
            // The first is thrown away.
            if trial > 0 {
                rates.push(rate);
            }
        }
    }
    for (rates, raw) in &mut raws {
        rates.sort_unstable();
        println!(
            "raw with {} connections: {}/s at {MANY} in flight",
            raw.pool,
            rates[TRIALS / 2]
        );
    }
    let best = raws.into_iter().max_by_key(|(rates, _)| rates[TRIALS / 2]);
    best.map(|(_, raw)| raw).expect("there is a pool to try")
}
