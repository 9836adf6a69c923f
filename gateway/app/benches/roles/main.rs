//! The memory of each role at 1,000 events per second: the built binary, one process per role, on the
//! full stack. A part of the events comes over HTTP, as from clients; the others are appended to the
//! journal, where relay, projector and reactors find them like any other.
//!
//! `cargo bench -p invoiceapp-app --bench roles`, with the variables of `./compose/stack env` and the
//! stack's parts running. It prints the rate that was reached, and how far relay and projector were
//! behind at the end, because memory at a lower rate, or without a backlog, would say less.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench: it prints its table, and a part that fails ends it"
)]

#[path = "../../tests/shared/api.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod api;
#[path = "../../tests/shared/binary.rs"]
mod binary;
mod copies;
#[path = "../../tests/shared/door.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod door;
#[path = "../../tests/shared/full/mod.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod full;
mod load;
#[path = "../up/memory.rs"]
mod memory;
#[path = "../up/table.rs"]
#[expect(dead_code, reason = "the other benches use the rest")]
mod table;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use api::{Client, organization};
use copies::Copies;
use full::{Installation, RoleProcess};
use load::Tally;
use memory::Memory;
use sqlx::{Connection, PgConnection};
use table::tenths_of_mib;

/// What is asked for, and how much of it through the front door.
const EVENTS_PER_SECOND: u64 = 1_000;
const EVENTS_OVER_HTTP_PER_SECOND: u64 = 250;
/// How long, and before that to warm everything up.
const TIME: Duration = Duration::from_secs(30);
const WARM_UP: Duration = Duration::from_secs(5);
/// Between two looks at the processes.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// Most that a role may have resident, in KiB: 100 MB.
const RESIDENT_KIB_MAX: u64 = 100_000_000 / 1_024;
const ROLES: [&[&str]; 10] = [
    &["relay"],
    &["projector"],
    &["user-access"],
    &["authorizer"],
    &["product"],
    &["invoice"],
    &["pdf"],
    &["media"],
    &["mail"],
    &["bff"],
];

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        // `cargo test` builds and starts benches as well; measuring is not its business.
        return ExitCode::SUCCESS;
    }
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
    let installation = Installation::make("roles", "warn").await;
    let roles = ROLES.map(|role| installation.start(role));
    for role in &roles {
        role.ready().await;
    }
    let idle = roles.each_ref().map(|role| Memory::of(role.pid));
    let door = installation.tenant().await;
    let client = Client::admin(&door).await;
    client
        .put("/organization", organization())
        .await
        .expect(200);
    let drafted = load::draft_for_copies(&client).await;
    let copies = Copies::of(&journal_url(&installation), &door.tenant, &drafted).await;
    write(&client, &copies, WARM_UP).await;

    let (before, begun) = (head(&installation).await, Instant::now());
    let mut seen: [Vec<u64>; 10] = Default::default();
    let writing = write(&client, &copies, TIME);
    let tally = tokio::select! {
        tally = writing => tally,
        () = look(&roles, &mut seen) => unreachable!("it looks until it is stopped"),
    };
    let events = head(&installation).await - before;
    let rate = u128::from(events) * 1_000 / begun.elapsed().as_millis().max(1);
    println!(
        "{rate} events per second over {TIME:?} ({EVENTS_PER_SECOND} were asked for, \
         {EVENTS_OVER_HTTP_PER_SECOND} of them over HTTP), {} requests, {} of them refused",
        tally.done.load(Ordering::Relaxed) + tally.refused.load(Ordering::Relaxed),
        tally.refused.load(Ordering::Relaxed),
    );
    println!(
        "behind at the end, in events: relay {}, projector {}",
        behind(&installation, "relay", "invoiceapp_relay_lag_events").await,
        behind(
            &installation,
            "projector",
            "invoiceapp_projection_lag_events"
        )
        .await,
    );
    print(&roles, &idle, &mut seen);
}

async fn write(client: &Client, copies: &Copies, time: Duration) -> Arc<Tally> {
    let directly = copies.write(EVENTS_PER_SECOND - EVENTS_OVER_HTTP_PER_SECOND, time);
    let requests = load::write(client, EVENTS_OVER_HTTP_PER_SECOND, time);
    tokio::join!(requests, directly).0
}

/// Notes the resident memory of each process now and then.
async fn look(roles: &[RoleProcess; 10], seen: &mut [Vec<u64>; 10]) {
    loop {
        tokio::time::sleep(LOOK_INTERVAL).await;
        for (role, seen) in roles.iter().zip(seen.iter_mut()) {
            seen.push(Memory::of(role.pid).resident_kib);
        }
    }
}

fn print(roles: &[RoleProcess; 10], idle: &[Memory; 10], seen: &mut [Vec<u64>; 10]) {
    println!(
        "{:<12} {:>10} {:>12} {:>10} {:>8} {:>8}",
        "resident MiB", "at start", "under load", "peak", "threads", "limit"
    );
    for ((role, idle), seen) in roles.iter().zip(idle).zip(seen) {
        let now = Memory::of(role.pid);
        // The second half: by then caches and pools are full.
        let mut late = seen.split_off(seen.len() / 2);
        late.sort_unstable();
        let median = late.get(late.len() / 2).copied().unwrap_or(0);
        let is_within = now.peak_kib < RESIDENT_KIB_MAX;
        println!(
            "{:<12} {:>10} {:>12} {:>10} {:>8} {:>8}",
            role.roles[0],
            tenths_of_mib(idle.resident_kib),
            tenths_of_mib(median),
            tenths_of_mib(now.peak_kib),
            now.threads,
            if is_within { "within" } else { "missed" },
        );
    }
}

fn journal_url(installation: &Installation) -> String {
    let settings = &installation.settings;
    let url = settings.iter().find(|(key, _)| key == "POSTGRES__URL");
    url.expect("the journal's database").1.clone()
}

/// The journal's newest position.
async fn head(installation: &Installation) -> u64 {
    let url = journal_url(installation);
    let mut connection = PgConnection::connect(&url).await.expect("the database");
    let position = sqlx::query_scalar::<_, i64>("SELECT position FROM head WHERE id");
    let position = position.fetch_one(&mut connection).await;
    position.expect("a position").unsigned_abs()
}

/// The highest value of a metric of a role.
async fn behind(installation: &Installation, role: &str, metric: &str) -> String {
    let address = format!("{}/metrics", installation.place.url_of(role));
    let answer = reqwest::get(address).await.expect("an answer");
    let text = answer.text().await.expect("a text");
    let values = text.lines().filter(|line| line.starts_with(metric));
    let values = values.filter_map(|line| line.rsplit_once(' '));
    let highest = values.max_by_key(|(_, value)| value.parse::<u64>().unwrap_or(0));
    highest.map_or_else(|| "?".to_owned(), |(_, value)| value.to_owned())
}
