//! Rounds in which every system gets the same requests.

use std::time::Duration;

use crate::contender::Contender;
use crate::table::Table;

/// Rounds that are measured.
const ROUNDS: usize = 11;
/// Rounds before them, in which caches get warm, and who fails is found out.
const ROUNDS_BEFORE: usize = 2;
/// Requests of each system in a round.
const REQUESTS: usize = 600;

/// How the requests come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// At a rate.
    Pace,
    /// As fast as they are answered.
    Rush,
}

/// What was measured of a system.
#[derive(Default)]
struct Measured {
    /// One for each round.
    medians: Vec<Duration>,
    tails: Vec<Duration>,
    /// Processor time of all its requests.
    worked: Vec<Duration>,
    /// Of all rounds.
    times: Vec<Duration>,
}

pub(crate) async fn measure(load: Load, contenders: Vec<Contender>, table: &mut Table) {
    let mut measured: Vec<Measured> = contenders.iter().map(|_| Measured::default()).collect();
    for round in 0..ROUNDS_BEFORE + ROUNDS {
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        order.rotate_left(round % contenders.len());
        for index in order {
            let contender = &contenders[index];
            let before = contender.server.processor_time();
            let mut times = match load {
                Load::Pace => contender.pace(REQUESTS).await,
                Load::Rush => contender.rush(REQUESTS).await,
            };
            let worked = contender.server.processor_time().saturating_sub(before);
            if round >= ROUNDS_BEFORE {
                times.sort_unstable();
                let measured = &mut measured[index];
                measured.medians.push(times[times.len() / 2]);
                measured.tails.push(times[times.len() * 99 / 100]);
                measured.worked.push(worked);
                measured.times.extend(times);
            }
        }
    }
    report(load, &contenders, &mut measured, table);
    for contender in contenders {
        contender.server.stop();
    }
}

fn report(load: Load, contenders: &[Contender], measured: &mut [Measured], table: &mut Table) {
    let limit = |of: Load| if of == load { "1.05" } else { "" };
    for measured in &mut *measured {
        measured.times.sort_unstable();
    }
    if let Some((without, with)) = measured.split_first() {
        let names = contenders.iter().skip(1).map(|contender| contender.name);
        for (name, with) in names.zip(with) {
            let compared = [
                ("median", "", &with.medians, &without.medians),
                ("p99", limit(Load::Pace), &with.tails, &without.tails),
                ("processor time", "", &with.worked, &without.worked),
            ];
            for (what, limit, of, to) in compared {
                table.ratios(&format!("{name}: {what}, ratio"), limit, of, to);
            }
            let (of, to) = (tail(&with.times), tail(&without.times));
            let what = format!("{name}: p99 of all, ratio");
            table.ratios(&what, limit(Load::Pace), &[of], &[to]);
        }
    }
    for (contender, measured) in contenders.iter().zip(measured) {
        let name = contender.name;
        table.durations(&format!("{name}: median"), "", &mut measured.medians);
        table.durations(&format!("{name}: p99"), "", &mut measured.tails);
        let requests = u32::try_from(REQUESTS).unwrap_or(u32::MAX);
        let worked = measured.worked.iter().map(|round| *round / requests);
        let what = format!("{name}: processor time each");
        table.durations(&what, "", &mut worked.collect::<Vec<_>>());
    }
}

fn tail(times: &[Duration]) -> Duration {
    times[times.len() * 99 / 100]
}
