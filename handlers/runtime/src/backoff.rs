//! Exponential back-off with jitter, in integers, and the same for the same input.

use std::time::Duration;

use uuid::Uuid;

/// Doublings after which the delay is capped anyway.
const DOUBLINGS_MAX: u32 = 20;

/// Exponential back-off: `first * 2^(attempt - 1)`, at most `longest`, of which the upper half is
/// jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The delay after the first failure.
    pub first: Duration,
    /// No delay is longer.
    pub longest: Duration,
}

impl Backoff {
    /// The delay after a number of failures, 1-based. The jitter comes from the seed, so that jobs
    /// that failed together do not come back together, and a test sees the same delay each time.
    #[must_use]
    pub fn delay(&self, failures: u32, seed: Uuid) -> Duration {
        let doublings = failures.saturating_sub(1).min(DOUBLINGS_MAX);
        let full = self.first.saturating_mul(1 << doublings).min(self.longest);
        let spread = Uuid::new_v5(&seed, &failures.to_be_bytes());
        let half = full / 2;
        half + half.saturating_mul(u32::from(spread.as_bytes()[0])) / 255
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(60),
    };

    #[test]
    fn a_delay_doubles_with_each_failure_up_to_the_longest() {
        for (failures, full) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (1_000, 60)] {
            let delay = BACKOFF.delay(failures, Uuid::nil());
            let full = Duration::from_secs(full);
            assert!(
                delay >= full / 2 && delay <= full,
                "{failures} failures: {delay:?}"
            );
        }
    }

    #[test]
    fn two_jobs_that_failed_together_come_back_apart() {
        let seeds = (0..32_u128).map(Uuid::from_u128);
        let delays: std::collections::BTreeSet<_> =
            seeds.map(|seed| BACKOFF.delay(5, seed)).collect();
        assert!(delays.len() > 16);
    }
}
