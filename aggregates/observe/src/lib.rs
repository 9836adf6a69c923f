//! What every part of the system says about itself, whoever listens:
//!
//! | module | what |
//! |---|---|
//! | [`context`] | W3C trace contexts: read, written, taken from a span |
//! | [`span`] | spans that continue a request from another process, or link to it |
//! | [`client`] | spans of calls to databases, object stores, mail servers |
//! | [`metrics`] | the metrics that parts count by themselves, by one list of names |
//! | [`exemplars`] | the traces behind the buckets of histograms |
//!
//! A part that uses this knows no collector and no exporter: without one, spans cost next to nothing
//! and the counters are read by `/metrics` alone. What is said here carries no personal data and no
//! secret, and the values of labels are bounded.

pub mod client;
mod clock;
pub mod context;
pub mod exemplars;
pub mod metrics;
pub mod span;

pub use context::TraceContext;
