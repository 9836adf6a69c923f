//! What every HTTP service shares, so that all of them answer alike:
//!
//! | module | what |
//! |---|---|
//! | [`problem`], [`code`] | RFC 9457 answers with stable codes, the one mapping of errors to them |
//! | [`json`] | request bodies: bounded, strict, every error at once with its JSON pointer |
//! | [`query`], [`cursor`] | query strings: strict, paging, cursors, the consistency token |
//! | [`caller`] | who asks, and whether they may |
//! | [`command`], [`entity_tags`] | conditional and idempotent requests |
//! | [`answer`] | what goes back: ETag, Consistency-Token, pages |
//! | [`path`] | ids in paths |
//! | [`shell`] | the layers around a service's router |
//! | [`trace`], [`metrics`], [`health`] | telemetry and the operator's endpoints |
//! | [`server`] | the accept loop and its limits |
//!
//! A handler reads: parse, authorise, load, decide, append, answer. It never branches on the state
//! of the domain, and no domain error knows anything of HTTP.

pub mod answer;
pub mod caller;
pub mod code;
pub mod command;
pub mod cursor;
pub mod entity_tags;
pub mod health;
pub mod json;
pub mod metrics;
mod open_metrics;
pub mod path;
pub mod problem;
pub mod query;
pub mod server;
pub mod shell;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trace;

pub use answer::{CommandAnswer, ListPage, QueryAnswer};
pub use caller::{Authenticated, RequirePermission};
pub use code::Code;
pub use command::CommandRequest;
pub use cursor::Cursor;
pub use json::{
    BodyDigest, BodyErrors, Change, DecimalText, Json, NoBody, OptionalJson, Text, Unread,
};
pub use path::{PathId, PathIds};
pub use problem::{FieldError, Problem, ProblemBody};
pub use query::{ConsistencyToken, List, NoParameters, Page, Query};
pub use shell::Shell;
