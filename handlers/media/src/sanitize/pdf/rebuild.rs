//! Builds a second document from what the catalogue of the first one reaches, without what the
//! policy forbids. Objects are numbered in the order in which they are met, so that the same input
//! gives the same bytes.

use std::collections::{BTreeMap, VecDeque};

use lopdf::{DecompressError, Dictionary, Document, Error, Object, ObjectId, Stream};

use super::super::error::SanitizeError;
use super::super::picture::{EXPANSION_FREE_BYTES, EXPANSION_RATIO_MAX};
use super::policy;

/// Most bytes that one stream may expand to.
pub const PDF_STREAM_BYTES_MAX: usize = 64 << 20;
/// Most bytes that all streams together may expand to.
pub const PDF_STREAMS_BYTES_MAX: usize = 256 << 20;

/// The version that is written: the last one before 2.0, which every reader knows.
const VERSION: &str = "1.7";
/// Filters that are undone to see what a stream expands to. The others are those of pictures, whose
/// size their own headers say, and a viewer's business.
const EXPANDING_FILTERS: &[&[u8]] = &[b"FlateDecode", b"LZWDecode", b"ASCII85Decode"];

/// # Errors
/// [`SanitizeError::Damaged`] without a catalogue, [`SanitizeError::ExpandsTooMuch`].
pub(super) fn rebuild(source: &Document) -> Result<Document, SanitizeError> {
    let root = source.trailer.get(b"Root").and_then(Object::as_reference);
    let root = root.map_err(|_| SanitizeError::Damaged)?;
    let mut rebuild = Rebuild {
        source,
        numbers: BTreeMap::new(),
        waiting: VecDeque::new(),
        stream_bytes_left: PDF_STREAMS_BYTES_MAX,
    };
    let new_root = rebuild.reference(root);
    let mut target = Document::with_version(VERSION);
    while let Some((id, number)) = rebuild.waiting.pop_front() {
        let object = source.objects.get(&id).ok_or(SanitizeError::Damaged)?;
        let object = match object {
            Object::Dictionary(catalog) if id == root => {
                Object::Dictionary(rebuild.catalog(catalog)?)
            }
            other => rebuild.object(other)?,
        };
        target.objects.insert((number, 0), object);
        target.max_id = number;
    }
    target.trailer.set("Root", new_root);
    Ok(target)
}

struct Rebuild<'a> {
    source: &'a Document,
    /// The new number of each object that was met.
    numbers: BTreeMap<ObjectId, u32>,
    /// Met and not built yet.
    waiting: VecDeque<(ObjectId, u32)>,
    stream_bytes_left: usize,
}

impl Rebuild<'_> {
    /// A reference to the object's new place; one that leads nowhere becomes null.
    fn reference(&mut self, id: ObjectId) -> Object {
        if !self.source.objects.contains_key(&id) {
            return Object::Null;
        }
        let next = u32::try_from(self.numbers.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.waiting.push_back((id, number));
        }
        Object::Reference((number, 0))
    }

    fn catalog(&mut self, catalog: &Dictionary) -> Result<Dictionary, SanitizeError> {
        let mut kept = Dictionary::new();
        for (key, value) in catalog.iter() {
            if policy::CATALOG_KEYS.contains(&key.as_slice()) {
                kept.set(key.clone(), self.object(value)?);
            }
        }
        Ok(kept)
    }

    fn object(&mut self, object: &Object) -> Result<Object, SanitizeError> {
        Ok(match object {
            Object::Reference(id) => self.reference(*id),
            Object::Array(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.object(item)).collect();
                Object::Array(items?)
            }
            Object::Dictionary(dictionary) => match self.dictionary(dictionary, false)? {
                Some(kept) => Object::Dictionary(kept),
                None => Object::Null,
            },
            Object::Stream(stream) => match self.dictionary(&stream.dict, true)? {
                Some(kept) => {
                    self.check_expansion(stream)?;
                    Object::Stream(Stream::new(kept, stream.content.clone()))
                }
                None => Object::Null,
            },
            Object::Null
            | Object::Boolean(_)
            | Object::Integer(_)
            | Object::Real(_)
            | Object::Name(_)
            | Object::String(..) => object.clone(),
        })
    }

    /// What is kept of a dictionary; nothing when it is forbidden as a whole.
    fn dictionary(
        &mut self,
        dictionary: &Dictionary,
        is_stream: bool,
    ) -> Result<Option<Dictionary>, SanitizeError> {
        if policy::is_forbidden(dictionary) {
            return Ok(None);
        }
        let mut kept = Dictionary::new();
        for (key, value) in dictionary.iter() {
            // The length is what is written, whatever was said.
            let is_length = is_stream && key == b"Length";
            if !is_length && !policy::is_forbidden_key(key, is_stream) {
                kept.set(key.clone(), self.object(value)?);
            }
        }
        Ok(Some(kept))
    }

    /// Undoes a stream's compression to see that it is sound and not a bomb.
    fn check_expansion(&mut self, stream: &Stream) -> Result<(), SanitizeError> {
        let filters = stream.filters().unwrap_or_default();
        if filters.is_empty() || !filters.iter().all(|name| EXPANDING_FILTERS.contains(name)) {
            return Ok(());
        }
        let limit = expansion_limit(stream.content.len()).min(self.stream_bytes_left);
        match stream.decompressed_content_with_limit(limit) {
            Ok(content) => {
                self.stream_bytes_left = self.stream_bytes_left.saturating_sub(content.len());
                Ok(())
            }
            Err(Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => {
                Err(SanitizeError::ExpandsTooMuch)
            }
            Err(_) => Err(SanitizeError::Damaged),
        }
    }
}

fn expansion_limit(compressed_bytes: usize) -> usize {
    let free = usize::try_from(EXPANSION_FREE_BYTES).unwrap_or(usize::MAX);
    let ratio = usize::try_from(EXPANSION_RATIO_MAX).unwrap_or(usize::MAX);
    compressed_bytes
        .saturating_mul(ratio)
        .max(free)
        .min(PDF_STREAM_BYTES_MAX)
}
