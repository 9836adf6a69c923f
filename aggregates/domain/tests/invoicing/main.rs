//! Money, tax and the invoice aggregate: golden vectors, the samples of the standard,
//! given-when-then for every rule, and the laws as properties.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of tests fails the test that calls it"
)]

mod amounts_laws;
mod bounds;
mod check;
mod decimals;
mod delivering;
mod draft_limits;
mod drafting;
mod generators;
mod golden;
mod history_laws;
mod issuing;
mod paying;
mod rendering;
mod samples;
mod size;
mod statuses;
mod support;
mod tax_rules;
