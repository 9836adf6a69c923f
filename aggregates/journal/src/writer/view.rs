//! What a batch sees while it is being decided: what its earlier requests do, over what was looked up
//! for it, over what the batch does that is being written meanwhile, over the memory. Nothing of it is
//! remembered before the batch is committed.

use std::hash::Hash;

use foldhash::HashMap;
use invoiceapp_domain::StreamId;
use invoiceapp_schemas::CommandId;
use jiff::civil::Date;

use super::engine::{Facts, Receipt, SeriesCode, SeriesKey, SeriesState, TenantClaim, Wanted};
use super::memory::Memory;

/// What is known of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimEntry {
    /// The holder in the database; the outer nothing: not known, presumed free, and the primary key
    /// will tell.
    pub(crate) stored: Option<Option<StreamId>>,
    /// The holder as of now in the batch.
    pub(crate) holder: Option<StreamId>,
}

/// The layers over the memory.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    pub(crate) streams: HashMap<StreamId, u64>,
    /// Nothing: looked up, and not there.
    pub(crate) receipts: HashMap<CommandId, Option<Receipt>>,
    pub(crate) claims: HashMap<TenantClaim, ClaimEntry>,
    /// Nothing: the period has no number yet.
    pub(crate) sequences: HashMap<SeriesKey, Option<u64>>,
    /// Apart from the sequences: the last date of a series counts in all of its periods.
    pub(crate) dates: HashMap<SeriesCode, Option<Date>>,
}

impl Layer {
    /// Takes in the answer to a look-up: what was wanted and is not there, is known not to be.
    pub(crate) fn add(&mut self, wanted: &Wanted, facts: &Facts) {
        for stream in &wanted.streams {
            let version = facts.streams.get(stream).copied().unwrap_or(0);
            self.streams.insert(stream.clone(), version);
        }
        for command in &wanted.receipts {
            self.receipts
                .insert(*command, facts.receipts.get(command).cloned());
        }
        for claim in &wanted.claims {
            let holder = facts.claims.get(claim).cloned();
            let entry = ClaimEntry {
                stored: Some(holder.clone()),
                holder,
            };
            self.claims.insert(claim.clone(), entry);
        }
        for key in &wanted.series {
            let state = facts.series.get(key).copied();
            self.sequences
                .insert(key.clone(), state.and_then(|state| state.last_sequence));
            self.dates
                .insert(key.series(), state.and_then(|state| state.last_date));
        }
    }

    /// Takes in what a batch does to what is known here.
    pub(crate) fn overlay(&mut self, changed: Self) {
        overlay(&mut self.streams, changed.streams);
        overlay(&mut self.receipts, changed.receipts);
        overlay(&mut self.claims, changed.claims);
        overlay(&mut self.sequences, changed.sequences);
        overlay(&mut self.dates, changed.dates);
    }
}

/// Most batches need no look-up, so there is nothing below, and nothing is hashed again.
fn overlay<K: Eq + Hash, V>(below: &mut HashMap<K, V>, above: HashMap<K, V>) {
    if below.is_empty() {
        *below = above;
    } else {
        below.extend(above);
    }
}

/// The batch's view.
#[derive(Debug)]
pub(crate) struct View<'a> {
    /// What the batch has done so far.
    pub(crate) changed: &'a mut Layer,
    /// What was looked up for it.
    pub(crate) facts: &'a Layer,
    /// What needed no look-up.
    pub(crate) known: Known<'a>,
    /// The last position that the batch has come to.
    pub(crate) position: u64,
}

/// What is known without a look-up; by default nothing, as on the slow path, where all is looked up
/// under the lock.
#[derive(Debug, Default)]
pub(crate) struct Known<'a> {
    /// What the batch knows and does that is being written: whoever builds on it is written only
    /// behind it.
    pub(crate) under_way: Option<&'a Layer>,
    /// What is remembered.
    pub(crate) memory: Option<&'a mut Memory>,
}

impl View<'_> {
    pub(crate) fn version(&mut self, stream: &StreamId) -> Option<u64> {
        let version = |layer: &Layer| layer.streams.get(stream).copied();
        match self.found(version) {
            Some(version) => Some(version),
            None => self.known.memory.as_mut()?.streams.get(stream).copied(),
        }
    }

    /// Outer nothing: not known. Inner nothing: known not to be there.
    pub(crate) fn receipt(&mut self, command: CommandId) -> Option<Option<Receipt>> {
        let receipt = |layer: &Layer| layer.receipts.get(&command).cloned();
        match self.found(receipt) {
            Some(receipt) => Some(receipt),
            None => self
                .known
                .memory
                .as_mut()?
                .receipts
                .get(&command)
                .cloned()
                .map(Some),
        }
    }

    pub(crate) fn claim(&mut self, claim: &TenantClaim) -> Option<ClaimEntry> {
        let entry = |layer: &Layer| layer.claims.get(claim).cloned();
        if let Some(entry) = entry(self.changed).or_else(|| entry(self.facts)) {
            return Some(entry);
        }
        let holder = match self.known.under_way.and_then(entry) {
            // It stands there as soon as this batch can.
            Some(entry) => entry.holder,
            None => self.known.memory.as_mut()?.claims.get(claim).cloned()?,
        };
        Some(ClaimEntry {
            stored: Some(holder.clone()),
            holder,
        })
    }

    pub(crate) fn series(&mut self, key: &SeriesKey) -> Option<SeriesState> {
        let last_sequence = match self.found(|layer| layer.sequences.get(key).copied()) {
            Some(known) => known,
            None => *self.known.memory.as_mut()?.sequences.get(key)?,
        };
        let series = key.series();
        let last_date = match self.found(|layer| layer.dates.get(&series).copied()) {
            Some(known) => known,
            None => *self.known.memory.as_mut()?.dates.get(&series)?,
        };
        Some(SeriesState {
            last_sequence,
            last_date,
        })
    }

    /// The newest that a layer says.
    fn found<T>(&self, of: impl Fn(&Layer) -> Option<T>) -> Option<T> {
        of(self.changed)
            .or_else(|| of(self.facts))
            .or_else(|| self.known.under_way.and_then(of))
    }
}
