//! Writing: every document in one guarded write of its own, and the progress document last.
//!
//! | step | what | when it does not hold |
//! |---|---|---|
//! | 1 | read progress: checkpoint, parked streams | fenced, nothing written |
//! | 2 | read what is stored of the documents that are to be replaced | a repeat is left out; another version: fenced |
//! | 3 | insert new documents, replace known ones where the version is still the one read | a repeat stays; another version: fenced |
//! | 4 | replace progress where its revision is still the one read | fenced |
//!
//! After step 3 documents may be ahead of the checkpoint. They are folds of their streams all the
//! same, so the next attempt finds them to be repeats.

use std::collections::HashMap;

use futures::{FutureExt, StreamExt, TryStreamExt};
use invoiceapp_domain::StreamKind;
use invoiceapp_projections::dashboard::total;
use invoiceapp_projections::store::{Applied, Unparked};
use invoiceapp_projections::{Change, Changes, ViewError};
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::ErrorKind;
use mongodb::{Collection, Database};

use crate::deadline::{OPERATION_TIMEOUT, within};
use crate::documents::{self, Stored, identity, integer, misread, signed};
use crate::names::VERSION;
use crate::progress::{self, DUPLICATE_KEY};

/// Most new documents in one command.
const INSERTS_MAX: usize = 100;
/// Most changed documents in one command: the server takes them one after another.
const UPDATES_MAX: usize = 50;
/// Most commands at once.
const COMMANDS_AT_ONCE: usize = 8;
/// A command is closed once its documents' texts reach this many bytes; the server takes 48 MB.
const COMMAND_BYTES_MAX: usize = 8 << 20;

/// A change, made ready over what is stored.
struct Fresh<'a> {
    change: &'a Change,
    /// Whether there is a document that it replaces.
    is_known: bool,
    whole: Document,
}

pub(crate) async fn apply(
    database: &Database,
    from: u64,
    to: u64,
    changes: &Changes,
) -> Result<Applied, ViewError> {
    let current = progress::read(database).await?;
    let holds = |stream| current.parked.contains_key(stream);
    if current.position != from || !changes.held_back.iter().all(holds) {
        return Ok(Applied::Fenced);
    }
    let mut next = current.clone();
    next.position = to;
    next.park(&changes.parked)?;
    if write_documents(database, &changes.documents).await?
        && progress::replace(database, &current, &next).await?
    {
        Ok(Applied::Committed)
    } else {
        Ok(Applied::Fenced)
    }
}

pub(crate) async fn unpark(
    database: &Database,
    checkpoint: u64,
    change: &Change,
) -> Result<Unparked, ViewError> {
    let current = progress::read(database).await?;
    let mut next = current.clone();
    if next.parked.remove(&change.document.stream).is_none() {
        return Ok(Unparked::NotParked);
    }
    if current.position == checkpoint
        && write_documents(database, std::slice::from_ref(change)).await?
        && progress::replace(database, &current, &next).await?
    {
        Ok(Unparked::Committed)
    } else {
        Ok(Unparked::Fenced)
    }
}

pub(crate) async fn finish(database: &Database, checkpoint: u64) -> Result<Applied, ViewError> {
    let current = progress::read(database).await?;
    if current.position != checkpoint {
        return Ok(Applied::Fenced);
    }
    let mut next = current.clone();
    next.is_built = true;
    if current.is_built || progress::replace(database, &current, &next).await? {
        Ok(Applied::Committed)
    } else {
        Ok(Applied::Fenced)
    }
}

/// Writes each change that is not a repeat. False when one stands on a document that is not the
/// stored one; nothing was written if that was to be seen before the first write.
async fn write_documents(database: &Database, changes: &[Change]) -> Result<bool, ViewError> {
    let mut by_kind: HashMap<StreamKind, Vec<&Change>> = HashMap::new();
    for change in changes {
        by_kind
            .entry(change.document.kind())
            .or_default()
            .push(change);
    }
    let mut ready = Vec::with_capacity(by_kind.len());
    for (kind, changes) in by_kind {
        let collection = database.collection::<Document>(kind.as_str());
        // What a new one stands on is nothing: that it is there already its insertion finds out.
        let known: Vec<&Change> = changes
            .iter()
            .copied()
            .filter(|it| it.replaces > 0)
            .collect();
        let stored = match known.is_empty() {
            true => HashMap::new(),
            false => read_stored(&collection, &known).await?,
        };
        let Some(fresh) = prepare(&changes, &stored)? else {
            return Ok(false);
        };
        ready.push((collection, fresh));
    }
    // No two of them touch the same document, and a server waits for its disk in each of them.
    let mut writes = Vec::new();
    for (collection, fresh) in ready {
        for command in commands(fresh) {
            writes.push(write(database, collection.clone(), command).boxed());
        }
    }
    let written = futures::stream::iter(writes).buffer_unordered(COMMANDS_AT_ONCE);
    let written: Vec<bool> = written.try_collect().await?;
    Ok(written.into_iter().all(|written| written))
}

async fn read_stored(
    collection: &Collection<Document>,
    changes: &[&Change],
) -> Result<HashMap<String, Stored>, ViewError> {
    let ids: Vec<String> = changes
        .iter()
        .map(|change| identity(&change.document.stream))
        .collect();
    let tenants: HashMap<String, _> = ids
        .iter()
        .cloned()
        .zip(changes.iter().map(|change| &change.document.stream.tenant))
        .collect();
    let find = collection
        .find(doc! { "_id": { "$in": ids } })
        .projection(documents::stored_fields())
        .max_time(OPERATION_TIMEOUT);
    let read = async { find.await?.try_collect::<Vec<Document>>().await };
    let found = within(read).await?;
    let found = found.iter().map(|found| {
        let id = documents::text(found, "_id")?;
        let tenant = tenants.get(&id).ok_or_else(|| misread("_id"))?;
        Ok((id, documents::stored(tenant, found)?))
    });
    found.collect()
}

/// What has to be written; `None` when something stands on another document than the stored one.
fn prepare<'a>(
    changes: &[&'a Change],
    stored: &HashMap<String, Stored>,
) -> Result<Option<Vec<Fresh<'a>>>, ViewError> {
    let nothing = Stored::default();
    let mut fresh = Vec::with_capacity(changes.len());
    for change in changes.iter().copied() {
        let known = stored.get(&identity(&change.document.stream));
        let before = known.unwrap_or(&nothing);
        if before.version >= change.document.version {
            continue;
        }
        if before.version != change.replaces {
            return Ok(None);
        }
        let buckets = total(before.buckets.iter().chain(&change.buckets))?;
        let number = match &change.number {
            Some(number) => Some(documents::number(number)?),
            None => before.number.clone(),
        };
        fresh.push(Fresh {
            change,
            is_known: known.is_some(),
            whole: documents::whole(&change.document, &buckets, number)?,
        });
    }
    Ok(Some(fresh))
}

/// Splits into commands: each inserts or replaces, and none is too large.
fn commands(fresh: Vec<Fresh<'_>>) -> Vec<Vec<Fresh<'_>>> {
    let (known, new): (Vec<_>, Vec<_>) = fresh.into_iter().partition(|fresh| fresh.is_known);
    let mut commands = Vec::new();
    for (group, documents_max) in [(new, INSERTS_MAX), (known, UPDATES_MAX)] {
        let (mut command, mut bytes) = (Vec::new(), 0_usize);
        for fresh in group {
            bytes = bytes.saturating_add(fresh.change.document.json.len());
            command.push(fresh);
            if command.len() >= documents_max || bytes >= COMMAND_BYTES_MAX {
                commands.push(std::mem::take(&mut command));
                bytes = 0;
            }
        }
        if !command.is_empty() {
            commands.push(command);
        }
    }
    commands
}

/// Writes one command. False when a document was not written and is not there in that version
/// either: somebody else writes as well.
async fn write(
    database: &Database,
    collection: Collection<Document>,
    fresh: Vec<Fresh<'_>>,
) -> Result<bool, ViewError> {
    let is_new = fresh.first().is_some_and(|fresh| !fresh.is_known);
    let all_written = if is_new {
        insert(&collection, &fresh).await?
    } else {
        replace(database, collection.name(), &fresh).await?
    };
    if all_written {
        return Ok(true);
    }
    let changes: Vec<&Change> = fresh.iter().map(|fresh| fresh.change).collect();
    let stored = read_stored(&collection, &changes).await?;
    Ok(changes.iter().all(|change| {
        let stored = stored.get(&identity(&change.document.stream));
        stored.is_some_and(|stored| stored.version >= change.document.version)
    }))
}

/// Inserts documents; false when one was there already.
async fn insert(collection: &Collection<Document>, fresh: &[Fresh<'_>]) -> Result<bool, ViewError> {
    let wholes = fresh.iter().map(|fresh| &fresh.whole);
    let insert = collection.insert_many(wholes).ordered(false);
    let inserted = async {
        match insert.await {
            Ok(_) => Ok(true),
            Err(error) if is_all_duplicates(&error.kind) => Ok(false),
            Err(error) => Err(error),
        }
    };
    within(inserted).await
}

fn is_all_duplicates(kind: &ErrorKind) -> bool {
    let ErrorKind::InsertMany(failure) = kind else {
        return progress::is_duplicate(kind);
    };
    let errors = failure.write_errors.as_deref().unwrap_or_default();
    failure.write_concern_error.is_none() && errors.iter().all(|error| error.code == DUPLICATE_KEY)
}

/// Changes documents in one command, each where its version is still the one it stands on; false
/// when one was not.
async fn replace(
    database: &Database,
    collection: &str,
    fresh: &[Fresh<'_>],
) -> Result<bool, ViewError> {
    let updates = fresh.iter().map(|fresh| {
        let id = identity(&fresh.change.document.stream);
        let version = signed(fresh.change.replaces)?;
        // Of many at most one matches. A single one FerretDB keeps a connection for until the whole
        // command has ended, and with fifty of them it waits for itself.
        Ok(Bson::Document(doc! {
            "q": { "_id": id, VERSION: version },
            "u": documents::change_to(&fresh.change.document, &fresh.whole),
            "multi": true,
        }))
    });
    let updates: Vec<Bson> = updates.collect::<Result<_, ViewError>>()?;
    let expected = updates.len();
    let command = doc! {
        "update": collection,
        "updates": updates,
        "ordered": false,
        // A command that is sent as it is does not inherit the client's.
        "writeConcern": { "w": "majority", "j": true },
    };
    let answer = within(database.run_command(command)).await?;
    if answer.contains_key("writeErrors") || answer.contains_key("writeConcernError") {
        return Err(misread("writeErrors"));
    }
    let matched = integer(&answer, "n")?;
    Ok(usize::try_from(matched).is_ok_and(|matched| matched == expected))
}
