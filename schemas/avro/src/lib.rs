//! Every event as an Avro schema: generated from the types, registered, encoded and decoded.
//!
//! The schemas (`schemas/avsc`) and a golden corpus (`schemas/corpus`) are committed and compiled
//! in. [`check`] says whether they are what the types generate, whether every revision is
//! compatible with every other in both directions, and whether every byte of the corpus still
//! decodes to the text that it was made of.
//!
//! The codec is our own, over the schemas: it goes from the journal's text to Avro in one pass and
//! refuses every datum that it would not have written itself. The library's decoder accepts
//! truncated data and trailing bytes, and allocates what a datum claims.

mod absence;
mod aggregates;
mod catalog;
mod check;
mod codec;
mod committed;
mod decode;
mod encode;
mod generate;
mod metadata;
mod reference;
mod registry;
mod schema;
mod topics;
mod trace;
mod tree;

pub use catalog::{Catalog, EventSchema};
pub use check::{CheckReport, Corpus, check, golden_corpus, with_golden_bytes};
pub use codec::{Codec, CodecError, Decoded, Encoded, decode_datum, encode_datum};
pub use decode::{DATUM_BYTES_MAX, DECODED_BYTES_MAX, DatumError};
pub use generate::{Generated, generate};
pub use metadata::EventMetadata;
pub use reference::{REFERENCE_BEGIN, REFERENCE_END, with_reference};
pub use registry::{
    COMPATIBILITY, REGISTRY_ANSWER_BYTES_MAX, REGISTRY_CONNECT_DEADLINE, REGISTRY_DEADLINE,
    Registered, Registry, RegistryError, UNKNOWN_ID_PAUSE, UNKNOWN_IDS_MAX, check_registered,
    register,
};
pub use schema::SchemaError;
pub use topics::{TOPIC_PREFIX, Topic, Topics};
