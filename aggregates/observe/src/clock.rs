//! The machine's time, of measurements.

use std::time::SystemTime;

#[expect(
    clippy::disallowed_methods,
    reason = "the time of a measurement is the machine's, and decides nothing"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
