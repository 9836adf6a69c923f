//! What a type looks like to serde: the type is read from a sample through a deserializer that
//! notes which struct, which field and which primitive it is asked for. Fields and variants come
//! from the type's own lists, so one that no sample shows is noticed.

mod access;
mod deserializer;
mod shapes;

pub(crate) use deserializer::Tracer;
pub(crate) use shapes::{Kind, Shapes, TraceError};

use serde::de::DeserializeOwned;

use crate::tree::Tree;

/// Reads a `T` from a sample and notes its shapes under the name `root`.
///
/// # Errors
/// [`TraceError`] when the sample is not a `T`, or the type has a shape that no schema describes.
pub(crate) fn trace<T: DeserializeOwned>(
    root: &str,
    sample: &Tree,
    shapes: &Shapes,
) -> Result<T, TraceError> {
    T::deserialize(Tracer::new(root, sample, shapes))
}
