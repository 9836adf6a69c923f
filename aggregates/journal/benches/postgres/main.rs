//! Appending and loading on PostgreSQL, in paired rounds against raw cqrs-es + postgres-es and
//! against pgbench.
//!
//! `STACK_POSTGRES_URL=postgres://… cargo bench -p invoiceapp-journal --bench postgres`, with
//! `pgbench` on the path and a server whose `max_connections` is [`CONNECTIONS_MIN`] or more. A round
//! runs every contender once, forwards in even rounds and backwards in odd ones; a figure is the
//! median of the rounds' own ratios, so that a machine that is busy for a while favours nobody.
//! `-- short` takes fewer and shorter rounds; `-- profile` runs our side alone.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench: it prints its table, and a part that fails ends it"
)]

mod contender;
#[path = "../append/invoice.rs"]
mod invoice;
mod load;
mod peers;
mod place;
#[path = "../append/rounds.rs"]
mod rounds;

use std::process::ExitCode;
use std::time::Duration;

use contender::{Contender, Ours, Port, run};
use peers::{PgBench, Raw};
use place::Place;
use rounds::{Series, report};

/// What all contenders together need at once.
const CONNECTIONS_MIN: i64 = 200;
/// Connections that the raw peer is tried with; its best is measured.
const RAW_POOLS: [u32; 2] = [16, 64];
/// Commands that are under way at once.
const MANY: usize = 64;
const VERY_MANY: usize = 512;
/// Writers that share one journal.
const WRITERS: usize = 4;

/// How long it takes.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Rounds that are measured; one more before them is thrown away.
    pub(crate) rounds: usize,
    /// How long each contender runs in a round; whole seconds, because pgbench counts in them.
    pub(crate) slice: Duration,
}

const PLAN: Plan = Plan {
    rounds: 7,
    slice: Duration::from_secs(3),
};
const SHORT_PLAN: Plan = Plan {
    rounds: 3,
    slice: Duration::from_secs(2),
};

/// The allocator of the product's binary, for all contenders alike.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let asks_for = |word: &str| std::env::args().any(|argument| argument == word);
    if !asks_for("--bench") {
        // `cargo test` builds and starts benches as well; measuring is not its business.
        return ExitCode::SUCCESS;
    }
    let plan = if asks_for("short") { SHORT_PLAN } else { PLAN };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(async {
                if asks_for("profile") {
                    profile(plan).await;
                } else {
                    if !asks_for("load") {
                        appends(plan).await;
                    }
                    load::measure(plan).await;
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

/// Our side alone, under a profiler.
async fn profile(plan: Plan) {
    let place = Place::new("port").await;
    let port = Port::open(&place, 1).await;
    profile_one("port alone", &port, plan).await;
    port.close().await;
    place.remove().await;
    let place = Place::new("executor").await;
    let ours = Ours::open(&place).await;
    profile_one("executor", &ours, plan).await;
    ours.close().await;
    place.remove().await;
}

async fn profile_one<C: Contender>(name: &str, contender: &C, plan: Plan) {
    let arguments: Vec<String> = std::env::args().collect();
    let asks_for = |what: &str| arguments.iter().any(|argument| argument == what);
    let others = ["port", "executor"].iter().any(|other| asks_for(other));
    if others && !name.split(' ').any(asks_for) {
        return;
    }
    for in_flight in [1, MANY, VERY_MANY] {
        if ["1", "64", "512"].iter().any(|it| asks_for(it)) && !asks_for(&in_flight.to_string()) {
            continue;
        }
        let rate = run(contender, in_flight, plan.slice).await;
        println!("{name}, {in_flight} in flight: {rate}/s");
    }
}

/// What is measured, in this order.
#[derive(Clone, Copy)]
enum Row {
    Executor,
    ExecutorAgain,
    ExecutorVeryMany,
    ExecutorOne,
    Port,
    PortVeryMany,
    PortOne,
    Shared,
    SharedManyEach,
    SharedVeryMany,
    Raw,
    RawOne,
    PgBench,
    PgBenchOne,
}

const ROWS: [(Row, &str); 14] = [
    (Row::Executor, "executor, 64 in flight"),
    (Row::ExecutorAgain, "executor, 64 in flight, again"),
    (Row::ExecutorVeryMany, "executor, 512 in flight"),
    (Row::ExecutorOne, "executor, 1 in flight"),
    (Row::Port, "port alone, 64 in flight"),
    (Row::PortVeryMany, "port alone, 512 in flight"),
    (Row::PortOne, "port alone, 1 in flight"),
    (Row::Shared, "port alone, 64 in flight, 4 writers"),
    (
        Row::SharedManyEach,
        "port alone, 64 in flight at each of 4 writers",
    ),
    (Row::SharedVeryMany, "port alone, 512 in flight, 4 writers"),
    (Row::Raw, "cqrs-es + postgres-es, 64 in flight"),
    (Row::RawOne, "cqrs-es + postgres-es, 1 in flight"),
    (Row::PgBench, "pgbench -c 64"),
    (Row::PgBenchOne, "pgbench -c 1"),
];

const RATIOS: [(&str, Row, Row); 15] = [
    (
        "control: the executor to itself",
        Row::ExecutorAgain,
        Row::Executor,
    ),
    ("executor to raw, 64 (at least 10)", Row::Executor, Row::Raw),
    (
        "executor to pgbench, 64 (at least 3)",
        Row::Executor,
        Row::PgBench,
    ),
    (
        "executor, 512, to raw, 64 (at least 20)",
        Row::ExecutorVeryMany,
        Row::Raw,
    ),
    (
        "executor, 512, to pgbench, 64 (at least 6)",
        Row::ExecutorVeryMany,
        Row::PgBench,
    ),
    (
        "executor to raw, 1 (at least 2)",
        Row::ExecutorOne,
        Row::RawOne,
    ),
    ("executor to pgbench, 1", Row::ExecutorOne, Row::PgBenchOne),
    ("port to raw, 64", Row::Port, Row::Raw),
    ("port to pgbench, 64", Row::Port, Row::PgBench),
    ("port, 512, to raw, 64", Row::PortVeryMany, Row::Raw),
    ("port, 512, to pgbench, 64", Row::PortVeryMany, Row::PgBench),
    ("port to raw, 1", Row::PortOne, Row::RawOne),
    (
        "4 writers on one journal to one, 64",
        Row::Shared,
        Row::Port,
    ),
    (
        "4 writers on one journal with 64 each to one, 64",
        Row::SharedManyEach,
        Row::Port,
    ),
    (
        "4 writers on one journal to one, 512",
        Row::SharedVeryMany,
        Row::PortVeryMany,
    ),
];

/// Everybody, each in a database of its own.
struct Field {
    ours: Ours,
    port: Port,
    shared: Port,
    raw: Raw,
    pgbench: PgBench,
}

impl Field {
    async fn open(places: &[Place; 5], plan: Plan) -> Self {
        let [at_executor, at_port, at_shared, at_raw, at_pgbench] = places;
        Self {
            ours: Ours::open(at_executor).await,
            port: Port::open(at_port, 1).await,
            shared: Port::open(at_shared, WRITERS).await,
            raw: best_raw(at_raw, plan).await,
            pgbench: PgBench::prepare(at_pgbench).await,
        }
    }

    async fn run(&self, row: Row, slice: Duration) -> u64 {
        match row {
            Row::Executor | Row::ExecutorAgain => run(&self.ours, MANY, slice).await,
            Row::ExecutorVeryMany => run(&self.ours, VERY_MANY, slice).await,
            Row::ExecutorOne => run(&self.ours, 1, slice).await,
            Row::Port => run(&self.port, MANY, slice).await,
            Row::PortVeryMany => run(&self.port, VERY_MANY, slice).await,
            Row::PortOne => run(&self.port, 1, slice).await,
            Row::Shared => run(&self.shared, MANY, slice).await,
            Row::SharedManyEach => run(&self.shared, WRITERS * MANY, slice).await,
            Row::SharedVeryMany => run(&self.shared, VERY_MANY, slice).await,
            Row::Raw => run(&self.raw, MANY, slice).await,
            Row::RawOne => run(&self.raw, 1, slice).await,
            Row::PgBench => self.pgbench.run(MANY, slice),
            Row::PgBenchOne => self.pgbench.run(1, slice),
        }
    }
}

async fn appends(plan: Plan) {
    let places = [
        Place::new("executor").await,
        Place::new("port").await,
        Place::new("shared").await,
        Place::new("raw").await,
        Place::new("pgbench").await,
    ];
    places[0].check_connections(CONNECTIONS_MIN).await;
    let field = Field::open(&places, plan).await;
    let mut rates = ROWS.map(|(_, name)| Series::new(name));
    for round in 0..=plan.rounds {
        let mut order = ROWS.map(|(row, _)| row);
        if round % 2 == 1 {
            order.reverse();
        }
        for row in order {
            let rate = field.run(row, plan.slice).await;
            if round > 0 {
                rates[row as usize].push(rate);
            }
        }
    }
    println!(
        "\nappend, commands per second, {} rounds of {:?}, raw pool {}",
        plan.rounds, plan.slice, field.raw.pool
    );
    let ratios = RATIOS.map(|(name, of, to)| (name, &rates[of as usize], &rates[to as usize]));
    report(&rates, &ratios);
    field.ours.verify().await;
    field.shared.verify().await;
    field.ours.close().await;
    field.port.close().await;
    field.shared.close().await;
    for place in places {
        place.remove().await;
    }
}

/// The raw peer with the pool that serves it best.
async fn best_raw(place: &Place, plan: Plan) -> Raw {
    let mut best: Option<(u64, Raw)> = None;
    for pool in RAW_POOLS {
        let raw = Raw::open(place, pool).await;
        run(&raw, MANY, plan.slice).await;
        let rate = run(&raw, MANY, plan.slice).await;
        println!("raw with {pool} connections: {rate}/s at {MANY} in flight");
        if best.as_ref().is_none_or(|(known, _)| rate > *known) {
            best = Some((rate, raw));
        }
    }
    best.map(|(_, raw)| raw).expect("there is a pool to try")
}
