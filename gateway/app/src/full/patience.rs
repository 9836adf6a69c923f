//! A server that is not there yet when a process starts is waited for, not failed on: the processes
//! of a stack may start in any order.

use std::fmt::Display;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};

const WAIT_FIRST: Duration = Duration::from_millis(200);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Opens a part, again and again until it is there. Whoever calls gives up by dropping it.
pub(super) async fn open<T, E: Display, F>(
    part: &'static str,
    attempt: impl Fn() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let waits = ExponentialBuilder::default()
        .with_min_delay(WAIT_FIRST)
        .with_max_delay(WAIT_MAX)
        .without_max_times()
        .with_jitter();
    attempt
        .retry(waits)
        .notify(|error, wait| {
            tracing::warn!(part, %error, wait_ms = wait.as_millis(), "a part is not there yet");
        })
        .await
}
