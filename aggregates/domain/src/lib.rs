//! The domain: pure decisions and pure folds.
//!
//! Nothing here reads a clock, draws a random number, or does I/O: time, identity, actor and prices
//! come in with the command and its [`Context`]. No float exists: money is an integer of minor
//! units, quantities and prices are decimals.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::wildcard_enum_match_arm
)]

pub mod ambient;
pub mod decider;
pub mod digest;
pub mod ids;
pub mod invalid;
pub mod invoice;
pub mod locale;
pub mod media;
pub mod money;
pub mod numbering;
pub mod organization;
pub mod party;
pub mod patch;
pub mod permission;
pub mod product;
pub mod role;
pub mod tax;
pub mod text;
pub mod unit_code;
pub mod user;

pub use ambient::Ambient;
pub use decider::{
    Actor, AllocatedNumber, ClaimChange, ClaimKey, Context, Decider, Decision, EventPayload, Fact,
    NumberRequest, Root,
};
pub use ids::{StreamId, StreamKind, TenantId};
pub use invalid::{InvalidAmount, InvalidValue};
pub use permission::Permission;

/// Identifies the compiled folds: a snapshot or document written under another hash is ignored.
pub const STATE_HASH: &str = env!("INVOICEAPP_DOMAIN_HASH");
