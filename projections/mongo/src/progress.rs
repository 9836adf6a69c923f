//! The checkpoint, the parked streams and whether the views are built: one document, so that all of
//! it moves in one write, by compare-and-set of its revision.

use std::collections::BTreeMap;

use invoiceapp_domain::StreamId;
use invoiceapp_projections::store::{PARKED_KEYS_MAX, Progress as Reached};
use invoiceapp_projections::{ParkedKey, ViewError};
use mongodb::bson::{Document, doc};
use mongodb::error::{ErrorKind, WriteFailure};
use mongodb::{Collection, Database};

use crate::deadline::within;
use crate::documents::{integer, misread, parsed, signed, text, unsigned};

const COLLECTION: &str = "progress";
const ID: &str = "views";
const BUILT: &str = "built";
/// Most bytes of a reason that are kept: with [`PARKED_KEYS_MAX`] of them the document stays well
/// below what a document may be (16 MiB).
const REASON_BYTES_MAX: usize = 500;
/// The server's code for an identity that exists.
pub(crate) const DUPLICATE_KEY: i32 = 11_000;

/// The progress document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) position: u64,
    pub(crate) is_built: bool,
    /// Counts the writes to this document; 0 before the first.
    revision: i64,
    /// What is parked, by stream.
    pub(crate) parked: BTreeMap<StreamId, ParkedKey>,
}

impl Progress {
    /// Parks streams; one that is parked already keeps its position and reason.
    pub(crate) fn park(&mut self, parked: &[ParkedKey]) -> Result<(), ViewError> {
        for key in parked {
            let kept = || ParkedKey {
                reason: shortened(&key.reason),
                ..key.clone()
            };
            self.parked.entry(key.stream.clone()).or_insert_with(kept);
        }
        let fits = u32::try_from(self.parked.len()).is_ok_and(|parked| parked <= PARKED_KEYS_MAX);
        if fits {
            Ok(())
        } else {
            Err(ViewError::TooManyParked {
                max: PARKED_KEYS_MAX,
            })
        }
    }

    /// What is parked, in the order of the positions at which it was.
    pub(crate) fn parked_in_order(self) -> Vec<ParkedKey> {
        let mut parked: Vec<ParkedKey> = self.parked.into_values().collect();
        parked.sort_by_key(|key| key.position);
        parked
    }
}

fn shortened(reason: &str) -> String {
    let end = reason.floor_char_boundary(REASON_BYTES_MAX);
    reason.get(..end).unwrap_or_default().to_owned()
}

fn collection(database: &Database) -> Collection<Document> {
    database.collection(COLLECTION)
}

/// How far the views are, without what is parked.
pub(crate) async fn reached(database: &Database) -> Result<Reached, ViewError> {
    let collection = collection(database);
    let find = collection
        .find_one(doc! { "_id": ID })
        .projection(doc! { "position": 1, BUILT: 1 });
    let found = within(find).await?;
    let nothing = Reached {
        checkpoint: 0,
        is_built: false,
    };
    found.map_or(Ok(nothing), |found| {
        Ok(Reached {
            checkpoint: unsigned(&found, "position")?,
            is_built: is_built(&found),
        })
    })
}

/// The field is not there in a database that no program has written who knew it.
fn is_built(found: &Document) -> bool {
    found.get_bool(BUILT).unwrap_or(false)
}

pub(crate) async fn read(database: &Database) -> Result<Progress, ViewError> {
    let found = within(collection(database).find_one(doc! { "_id": ID })).await?;
    found.map_or_else(|| Ok(Progress::default()), |found| of_stored(&found))
}

/// Puts `next` in the place of `current`; false when that is not there any more.
pub(crate) async fn replace(
    database: &Database,
    current: &Progress,
    next: &Progress,
) -> Result<bool, ViewError> {
    let collection = collection(database);
    let stored = to_stored(next, current.revision + 1)?;
    if current.revision > 0 {
        let guard = doc! { "_id": ID, "revision": current.revision };
        let replace = collection.replace_one(guard, stored);
        return Ok(within(replace).await?.matched_count == 1);
    }
    let insert = collection.insert_one(stored);
    let inserted = async {
        match insert.await {
            Ok(_) => Ok(true),
            Err(error) if is_duplicate(&error.kind) => Ok(false),
            Err(error) => Err(error),
        }
    };
    within(inserted).await
}

pub(crate) fn is_duplicate(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        _ => false,
    }
}

fn to_stored(progress: &Progress, revision: i64) -> Result<Document, ViewError> {
    let parked = progress.parked.values().map(|key| {
        Ok(doc! {
            "kind": key.stream.kind.as_str(),
            "tenant": key.stream.tenant.as_str(),
            "key": &key.stream.key,
            "position": signed(key.position)?,
            "reason": &key.reason,
        })
    });
    let parked: Vec<Document> = parked.collect::<Result<_, ViewError>>()?;
    Ok(doc! {
        "_id": ID,
        "position": signed(progress.position)?,
        BUILT: progress.is_built,
        "revision": revision,
        "parked": parked,
    })
}

fn of_stored(found: &Document) -> Result<Progress, ViewError> {
    let parked = found.get_array("parked").map_err(|_| misread("parked"))?;
    let parked = parked.iter().map(|key| {
        let key = key.as_document().ok_or_else(|| misread("parked"))?;
        let stream = StreamId {
            tenant: parsed(key, "tenant")?,
            kind: parsed(key, "kind")?,
            key: text(key, "key")?,
        };
        let key = ParkedKey {
            stream: stream.clone(),
            position: unsigned(key, "position")?,
            reason: text(key, "reason")?,
        };
        Ok((stream, key))
    });
    Ok(Progress {
        position: unsigned(found, "position")?,
        is_built: is_built(found),
        revision: integer(found, "revision")?,
        parked: parked.collect::<Result<_, ViewError>>()?,
    })
}
