//! Reads a PDF within a budget. The reader bounds depth and the size of a compressed part by
//! itself; how many parts there are, and how long all of it may take, is bounded here, in the one
//! place where the reader asks back.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use lopdf::{Document, LoadOptions, Object, ObjectId};

use super::super::error::SanitizeError;
use super::super::pool::DECODE_TIME_MAX;

/// Most objects of a PDF.
pub const PDF_OBJECTS_MAX: usize = 50_000;
/// Most values (numbers, names, entries) in all of its objects.
pub const PDF_NODES_MAX: usize = 1_000_000;
/// Most bytes that a part which holds objects may expand to while the file is read.
const OBJECT_STREAM_BYTES_MAX: usize = 8 << 20;

#[derive(Debug, Clone, Copy)]
struct Budget {
    objects: usize,
    nodes: usize,
    ends_at: Instant,
}

thread_local! {
    /// What is left for the file that this thread reads: the reader's callback is a plain function.
    static BUDGET: Cell<Option<Budget>> = const { Cell::new(None) };
}

/// What unwinds through the reader when the budget is spent.
struct Spent(SanitizeError);

/// Reads a PDF.
///
/// # Errors
/// [`SanitizeError::Encrypted`], [`SanitizeError::TooComplex`], [`SanitizeError::TooSlow`], or
/// [`SanitizeError::Damaged`] for anything that the reader does not understand.
pub(super) fn load(bytes: &[u8]) -> Result<Document, SanitizeError> {
    let ends_at = Instant::now() + DECODE_TIME_MAX;
    let budget = Budget {
        objects: PDF_OBJECTS_MAX,
        nodes: PDF_NODES_MAX,
        ends_at,
    };
    BUDGET.set(Some(budget));
    let options = LoadOptions {
        filter: Some(charge),
        max_decompressed_size: Some(OBJECT_STREAM_BYTES_MAX),
        ..LoadOptions::default()
    };
    let read = AssertUnwindSafe(|| Document::load_mem_with_options(bytes, options));
    let read = std::panic::catch_unwind(read);
    BUDGET.set(None);
    let document = match read {
        Ok(document) => document.map_err(|_| SanitizeError::Damaged)?,
        Err(unwound) => {
            return Err(unwound
                .downcast::<Spent>()
                .map_or(SanitizeError::Damaged, |spent| spent.0));
        }
    };
    if document.is_encrypted() || document.was_encrypted() {
        return Err(SanitizeError::Encrypted);
    }
    Ok(document)
}

/// Called by the reader for each object that it has read.
fn charge(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    let mut budget = BUDGET.get()?;
    let left = budget
        .objects
        .checked_sub(1)
        .zip(budget.nodes.checked_sub(nodes(object)));
    let Some((objects, nodes)) = left else {
        stop(SanitizeError::TooComplex)
    };
    if Instant::now() > budget.ends_at {
        stop(SanitizeError::TooSlow);
    }
    (budget.objects, budget.nodes) = (objects, nodes);
    BUDGET.set(Some(budget));
    Some((id, object.clone()))
}

/// Ends the reading. The reader knows no way to be stopped but this one.
fn stop(why: SanitizeError) -> ! {
    std::panic::resume_unwind(Box::new(Spent(why)))
}

/// How many values an object is made of. The reader has bounded its depth.
fn nodes(object: &Object) -> usize {
    let inner: usize = match object {
        Object::Array(items) => items.iter().map(nodes).sum(),
        Object::Dictionary(entries) => entries.iter().map(|(_, value)| nodes(value)).sum(),
        Object::Stream(stream) => stream.dict.iter().map(|(_, value)| nodes(value)).sum(),
        Object::Null
        | Object::Boolean(_)
        | Object::Integer(_)
        | Object::Real(_)
        | Object::Name(_)
        | Object::String(..)
        | Object::Reference(_) => 0,
    };
    inner.saturating_add(1)
}
