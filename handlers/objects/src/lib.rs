//! Where rendered documents and media live: a content-addressed object store.
//!
//! Keys begin with the tenant and contain the SHA-256 of the bytes. An object is put once and never
//! changed, so putting again is harmless and a reader can check what it got.

pub mod area;
pub mod conformance;

mod fs;
mod port;
mod s3;

pub use fs::FsObjects;
pub use port::{
    AREA_BYTES_MAX, OBJECT_BYTES_MAX, ObjectError, ObjectKey, Objects, Put, sha256_hex,
};
pub use s3::{S3Objects, S3Options};
