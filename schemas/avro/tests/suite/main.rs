//! Schemas and codec, against the committed files, the library's own codec, and hostile bytes.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what cannot be set up fails its test"
)]

mod committed;
mod hostile;
mod oracle;
mod refusals;
mod registry;
