//! The lease: which process writes now. No clock is shared: a lease has run out when its beat has
//! stood still for a term by the clock of the one who watches.
//!
//! A lease is taken by inserting the document of the next term, so that of all who try one succeeds,
//! on every server. Being late with it does no harm: every write is guarded by versions.

use std::time::Duration;

use invoiceapp_projections::ViewError;
use mongodb::bson::{Document, doc};
use mongodb::{Collection, Database};
use tokio::time::Instant;

use crate::deadline::within;
use crate::documents::{integer, text};
use crate::progress::is_duplicate;

/// How long a lease lasts after its last beat.
pub const LEASE_TERM: Duration = Duration::from_secs(10);
/// How often it is kept up while it is used.
const BEAT_INTERVAL: Duration = Duration::from_secs(3);
/// Holds a lease that was given back.
const NOBODY: &str = "";

/// What one store knows of the lease.
#[derive(Debug)]
pub(crate) struct Lease {
    holder: String,
    /// Its own term, and when that was last confirmed.
    held: Option<(i64, Instant)>,
    /// Another's term and beat, and since when they are the same.
    watched: Option<((i64, i64), Instant)>,
}

impl Lease {
    pub(crate) const fn new(holder: String) -> Self {
        Self {
            holder,
            held: None,
            watched: None,
        }
    }

    /// Whether the lease is ours, taking it when nobody else's stands.
    pub(crate) async fn lead(&mut self, database: &Database) -> Result<bool, ViewError> {
        let collection = database.collection::<Document>("lease");
        if let Some((term, confirmed)) = self.held {
            if confirmed.elapsed() < BEAT_INTERVAL || self.beat(&collection, term).await? {
                return Ok(true);
            }
            self.held = None;
        }
        let newest = collection.find_one(doc! {}).sort(doc! { "_id": -1 });
        let Some(found) = within(newest).await? else {
            return self.take(&collection, 1).await;
        };
        let seen = (integer(&found, "_id")?, integer(&found, "beat")?);
        if text(&found, "holder")? == NOBODY || self.has_run_out(seen) {
            return self.take(&collection, seen.0 + 1).await;
        }
        Ok(false)
    }

    /// Gives the lease back.
    pub(crate) async fn resign(&mut self, database: &Database) -> Result<(), ViewError> {
        let Some((term, _)) = self.held.take() else {
            return Ok(());
        };
        let collection = database.collection::<Document>("lease");
        let ours = doc! { "_id": term, "holder": &self.holder };
        let nobodys = doc! { "$set": { "holder": NOBODY } };
        within(collection.update_one(ours, nobodys)).await?;
        Ok(())
    }

    fn has_run_out(&mut self, seen: (i64, i64)) -> bool {
        match self.watched {
            Some((watched, since)) if watched == seen => since.elapsed() >= LEASE_TERM,
            Some(_) | None => {
                self.watched = Some((seen, Instant::now()));
                false
            }
        }
    }

    /// Keeps the lease up; false when it is another's by now.
    async fn beat(
        &mut self,
        collection: &Collection<Document>,
        term: i64,
    ) -> Result<bool, ViewError> {
        // From before the question: the answer may be old when it comes.
        let asked = Instant::now();
        let ours = doc! { "_id": term, "holder": &self.holder };
        let beat = collection.update_one(ours, doc! { "$inc": { "beat": 1_i64 } });
        let is_ours = within(beat).await?.matched_count == 1;
        let newer = collection.find_one(doc! { "_id": { "$gt": term } });
        let is_ours = is_ours && within(newer).await?.is_none();
        self.held = is_ours.then_some((term, asked));
        Ok(is_ours)
    }

    async fn take(
        &mut self,
        collection: &Collection<Document>,
        term: i64,
    ) -> Result<bool, ViewError> {
        let asked = Instant::now();
        let ours = doc! { "_id": term, "holder": &self.holder, "beat": 0_i64 };
        let insert = collection.insert_one(ours);
        let taken = async {
            match insert.await {
                Ok(_) => Ok(true),
                Err(error) if is_duplicate(&error.kind) => Ok(false),
                Err(error) => Err(error),
            }
        };
        if !within(taken).await? {
            return Ok(false);
        }
        self.held = Some((term, asked));
        self.watched = None;
        tracing::info!(term, "this process writes the views");
        let old = collection.delete_many(doc! { "_id": { "$lt": term } });
        within(old).await?;
        Ok(true)
    }
}
