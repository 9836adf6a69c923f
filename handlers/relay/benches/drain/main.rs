//! The relay from PostgreSQL to Kafka: how fast it drains a journal, against Kafka's own
//! `ProducerPerformance` with the same records and settings; and how long an event takes to a
//! consumer that waits for it.
//!
//! `cargo bench -p invoiceapp-relay --bench drain`, with the variables of `./compose/stack env` and
//! PostgreSQL, Kafka and the schema registry of a native stack. Every drain has topics of its own,
//! and what it has left on them is compared with the journal. A round runs the relay, the peer, and
//! the relay again, which is the control; backwards in odd rounds. `-- drain` and `-- lag` measure
//! one of both, `-- short` takes fewer rounds, `-- profile` drains alone, again and again.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench: it prints its table, and a part that fails ends it"
)]

mod check;
mod invoices;
mod lag;
mod line;
mod peer;
#[path = "../../../../aggregates/journal/benches/postgres/place.rs"]
#[expect(dead_code, reason = "the journal's bench uses the rest")]
mod place;
#[path = "../../../../aggregates/journal/benches/append/rounds.rs"]
mod rounds;

use std::process::ExitCode;
use std::sync::Arc;

use check::{Content, assert_exact};
use invoiceapp_avro::Codec;
use invoiceapp_journal::conformance::SteppingAmbient;
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::postgres::PostgresJournal;
use line::{Drained, Line};
use peer::Peer;
use place::Place;
use rounds::{Series, report};
use sqlx::PgPool;

/// Events in the journal.
const EVENTS: u64 = 100_000;
/// Records that the peer chooses from.
const SAMPLES: usize = 10_000;
/// Rounds that are measured; one more before them is thrown away.
const ROUNDS: usize = 5;
const SHORT_ROUNDS: usize = 2;

/// The allocator of the product's binary.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let asks_for = |word: &str| std::env::args().any(|argument| argument == word);
    if !asks_for("--bench") {
        // `cargo test` builds and starts benches as well; measuring is not its business.
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(async {
                let rounds = if asks_for("short") {
                    SHORT_ROUNDS
                } else {
                    ROUNDS
                };
                let field = Field::open(rounds).await;
                if asks_for("profile") {
                    field.profile().await;
                } else {
                    if !asks_for("lag") {
                        field.drains().await;
                    }
                    if !asks_for("drain") {
                        field.lags().await;
                    }
                }
                field.close().await;
            });
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("no runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A database of its own, and what everybody shares.
struct Field {
    rounds: usize,
    place: Place,
    ambient: Arc<SteppingAmbient>,
    codec: Codec,
    pool: PgPool,
}

impl Field {
    async fn open(rounds: usize) -> Self {
        let place = Place::new("drain").await;
        let pool = PgPool::connect(&place.url()).await;
        Self {
            rounds,
            ambient: SteppingAmbient::new(1),
            codec: line::codec().await,
            pool: pool.expect("a pool"),
            place,
        }
    }

    async fn close(self) {
        self.pool.close().await;
        self.place.remove().await;
    }

    /// The journal with its events, as the relay's process has it.
    async fn filled(&self) -> PostgresJournal {
        let journal = line::journal(&self.place, &self.ambient).await;
        let invoices = EVENTS / invoices::EVENTS_OF_AN_INVOICE;
        invoices::fill(&journal, &self.ambient, invoices).await;
        assert_eq!(journal.head().await.expect("a head").position, EVENTS);
        journal
    }

    /// One drain on fresh topics, and what they hold then.
    async fn drain(&self, journal: &PostgresJournal, samples: usize) -> (Drained, Content) {
        let line = Line::new(journal, &self.codec, &self.pool).await;
        let drained = line.drain(&self.ambient, EVENTS).await;
        let topic = line.topic();
        let read = tokio::task::spawn_blocking(move || assert_exact(&topic, EVENTS, samples));
        let content = read.await.expect("the topic is as the journal");
        line.remove().await;
        (drained, content)
    }

    async fn peer(&self, peer: &Arc<Peer>) -> u64 {
        let topic = invoiceapp_parts::unique("drain_peer");
        line::make_topic(&topic).await;
        let (peer, name) = (Arc::clone(peer), topic.clone());
        let run = tokio::task::spawn_blocking(move || peer.run(&name, EVENTS));
        let rate = run.await.expect("the peer runs");
        let removed = line::remove_topics(&[topic]).await;
        removed.expect("the topic is removed");
        rate
    }

    async fn drains(&self) {
        let journal = self.filled().await;
        // What the peer sends, this drain says; it is thrown away like the first round.
        let (_, content) = self.drain(&journal, SAMPLES).await;
        let peer = Arc::new(Peer::prepare(&content));
        let names = [
            "relay",
            "relay, again",
            "ProducerPerformance",
            "relay, with its start",
        ];
        let mut rates = names.map(Series::new);
        for round in 0..=self.rounds {
            let (first, _) = self.drain(&journal, 0).await;
            let theirs = self.peer(&peer).await;
            let (last, _) = self.drain(&journal, 0).await;
            println!(
                "round {round}: relay {} and {} after {} and {} ms, peer {theirs}",
                first.rate(),
                last.rate(),
                first.until_first.as_millis(),
                last.until_first.as_millis(),
            );
            if round > 0 {
                let [one, again] = match round % 2 {
                    0 => [first, last],
                    _ => [last, first],
                };
                let round = [one.rate(), again.rate(), theirs, one.rate_with_start()];
                for (series, value) in rates.iter_mut().zip(round) {
                    series.push(value);
                }
            }
        }
        println!(
            "\ndrain of {EVENTS} events, {} bytes of key, headers and value each, records per \
             second, {} rounds; every topic held exactly these, each key in order",
            content.mean_bytes(),
            self.rounds,
        );
        let ratios = [
            ("control: the relay to itself", &rates[1], &rates[0]),
            ("relay to the peer (at least 0.70)", &rates[0], &rates[2]),
            ("relay, again, to the peer", &rates[1], &rates[2]),
            ("relay, with its start, to the peer", &rates[3], &rates[2]),
        ];
        report(&rates, &ratios);
        journal.close().await;
    }

    async fn lags(&self) {
        let names = [
            "commit's answer to consumer, p50",
            "commit's answer to consumer, p99",
            "fdatasync, p50",
            "one record through the idle broker, p50",
            "the two together",
        ];
        let mut waits = names.map(Series::new);
        for round in 0..=self.rounds {
            let probe = invoiceapp_parts::unique("drain_probe");
            line::make_topic(&probe).await;
            let flush = lag::flushes().median;
            let trip = lag::round_trips(&probe).await.median;
            let lag = self.lag().await;
            println!(
                "round {round}: lag {}, flush {flush}, way {trip}",
                lag.median
            );
            if round > 0 {
                let round = [lag.median, lag.tail, flush, trip, flush + trip];
                for (series, value) in waits.iter_mut().zip(round) {
                    series.push(value);
                }
            }
            let removed = line::remove_topics(&[probe]).await;
            removed.expect("the topic is removed");
        }
        println!(
            "\nlag at 20 commits per second, microseconds, {} rounds",
            self.rounds
        );
        let ratio = (
            "lag to the two together (at most 2.00)",
            &waits[0],
            &waits[4],
        );
        report(&waits, &[ratio]);
    }

    /// A round of commits into a journal of its own.
    async fn lag(&self) -> lag::Waits {
        let place = Place::new("lag").await;
        let writer = line::journal(&place, &self.ambient).await;
        // The relay is another process: it hears of a commit from the server.
        let reader = line::journal(&place, &self.ambient).await;
        let pool = PgPool::connect(&place.url()).await.expect("a pool");
        let line = Line::new(&reader, &self.codec, &pool).await;
        let lag = lag::lag(&line, &writer, &self.ambient).await;
        line.remove().await;
        writer.close().await;
        reader.close().await;
        pool.close().await;
        place.remove().await;
        lag
    }

    /// Our side alone, under a profiler.
    async fn profile(&self) {
        let journal = self.filled().await;
        for _ in 0..self.rounds {
            let line = Line::new(&journal, &self.codec, &self.pool).await;
            let drained = line.drain(&self.ambient, EVENTS).await;
            let (rate, start) = (drained.rate(), drained.until_first.as_millis());
            println!("relay alone: {rate}/s after {start} ms");
            line.remove().await;
        }
        journal.close().await;
    }
}
