//! The group-committing writer, whichever engine is underneath.
//!
//! One task per journal takes all that waits, up to [`BATCH_EVENTS_MAX`] and [`BATCH_BYTES_MAX`],
//! decides each request in order and in memory, and hands the batch to the [`Engine`] as one
//! compare-and-set of the journal's head. Many commands share one flush to disk, a later request
//! sees what an earlier one of its batch does, and one that is refused never fails its neighbours.
//! While a batch is written, the next one is decided behind it (`ahead.rs`).
//!
//! What the writer remembers is exact as long as the head has not moved without it, because
//! everything changes only by an append. A commit is proved by the compare-and-set; a refusal is made
//! on nothing but knowledge, which means a look-up that has seen the head where it was remembered.
//!
//! | step | statements |
//! |---|---|
//! | fast path, everything remembered or fresh | 1 |
//! | a cold stream or series, or a refusal | 1 look-up more |
//! | the head has moved | wait for the turn, read the tail, then again; at most [`FAST_ROUNDS_MAX`] rounds |
//! | a primary key was in use, or the rounds are lost | slow path: lock, look everything up, write |
//! | the engine failed | look at the head and the receipts: what is there was committed |
//!
//! After a failure the writer tells so ([`Writer::writability`]) until a write is kept again; while
//! no command comes, it finds out by writing the head over itself.

mod ahead;
mod answers;
mod assemble;
mod commit;
mod decide;
mod draft;
pub mod engine;
mod generations;
mod inbox;
mod memory;
pub mod observe;
mod queue;
mod recover;
mod spans;
mod turns;
mod view;
mod writability;

pub use commit::FAST_ROUNDS_MAX;
pub use engine::Engine;
pub use inbox::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX};
pub use memory::{REMEMBERED_CLAIMS_MAX, REMEMBERED_RECEIPTS_MAX, REMEMBERED_STREAMS_MAX};
pub use queue::{QUEUE_BYTES_MAX, QUEUE_REQUESTS_MAX, SNAPSHOT_BYTES_MAX, Writer};
pub use turns::TURN_MAX;
