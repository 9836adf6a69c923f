//! Request bodies: JSON that is bounded, strict, and checked whole.
//!
//! Bytes become a [`JsonNode`] (no duplicate keys, no depth beyond [`JSON_DEPTH_MAX`], nothing
//! after the document), and the node becomes a type by `deserr`, which goes on after an error, so
//! that one answer names everything that is wrong. Numbers stay text: an amount never passes
//! through a float.

mod body;
mod errors;
mod node;
mod values;

pub use body::{
    BodyDigest, COMMAND_BODY_BYTES_MAX, Json, NoBody, OptionalJson, Unread, parse_body, read_body,
};
pub use errors::{BODY_ERRORS_MAX, BodyErrors};
pub use node::{JSON_DEPTH_MAX, JsonNode, JsonObject, parse_node};
pub use values::{CalendarDate, Change, DecimalText, Nothing, Text};
