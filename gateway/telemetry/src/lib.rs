//! Sets a process up to be observed: lines on stderr, and traces, logs and metrics over OTLP.
//!
//! | module | what |
//! |---|---|
//! | [`options`] | what is said about it in the settings |
//! | [`setup`] | puts the layers together, and ends them |
//! | `filter` | which spans and lines each of them sees |
//! | `lines` | lines on stderr, JSON or text |
//! | `spans`, `logs`, `metrics` | each signal on its way out |
//! | `room` | what may wait, what is dropped and counted |
//!
//! **Telemetry never hurts**: whoever is observed hands over and goes on. What waits is bounded, what
//! does not fit is dropped and counted in `invoiceapp_telemetry_dropped_total{signal}`, every request
//! to a receiver has a deadline, and all of it happens on threads that serve nobody.
//!
//! **Errors are always kept**: a span that ends in an error is sent even if its trace is not sampled.
//! Each process decides so about its own spans, so that of an unsampled trace the failed spans are
//! there, and the ones that did not fail are not.

mod client;
mod error;
mod filter;
mod lines;
mod logs;
mod metrics;
pub mod options;
mod room;
pub mod setup;
mod spans;

pub use error::TelemetryError;
pub use options::{Export, Identity, Lines, Options};
pub use setup::{FLUSH_TIME_MAX, Telemetry, start};
