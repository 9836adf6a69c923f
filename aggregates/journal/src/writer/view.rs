//! What a batch sees while it is being decided: what was looked up for it and what its earlier
//! requests do, over the memory. Nothing of it is remembered before the batch is committed.

use std::collections::HashMap;

use invoiceapp_domain::StreamId;
use invoiceapp_schemas::CommandId;
use jiff::civil::Date;

use super::engine::{
    Facts, HeadState, Receipt, SeriesCode, SeriesKey, SeriesState, TenantClaim, Wanted,
};
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
}

/// The batch's view.
#[derive(Debug)]
pub(crate) struct View<'a> {
    /// Nothing: the slow path, where all was looked up under the lock.
    memory: Option<&'a mut Memory>,
    facts: &'a Layer,
    pub(crate) changed: Layer,
    /// The head that the batch is written behind.
    pub(crate) from: HeadState,
    /// The last position that the batch has come to.
    pub(crate) position: u64,
}

impl<'a> View<'a> {
    pub(crate) fn over_memory(memory: &'a mut Memory, facts: &'a Layer) -> Self {
        let from = memory.head;
        let position = from.position;
        Self {
            memory: Some(memory),
            facts,
            changed: Layer::default(),
            from,
            position,
        }
    }

    pub(crate) fn over_facts(from: HeadState, facts: &'a Layer) -> Self {
        let position = from.position;
        Self {
            memory: None,
            facts,
            changed: Layer::default(),
            from,
            position,
        }
    }

    pub(crate) fn version(&mut self, stream: &StreamId) -> Option<u64> {
        if let Some(version) = self.changed.streams.get(stream) {
            return Some(*version);
        }
        if let Some(version) = self.facts.streams.get(stream) {
            return Some(*version);
        }
        self.memory.as_mut()?.streams.get(stream).copied()
    }

    /// Outer nothing: not known. Inner nothing: known not to be there.
    pub(crate) fn receipt(&mut self, command: CommandId) -> Option<Option<Receipt>> {
        if let Some(known) = self.changed.receipts.get(&command) {
            return Some(known.clone());
        }
        if let Some(known) = self.facts.receipts.get(&command) {
            return Some(known.clone());
        }
        self.memory
            .as_mut()?
            .receipts
            .get(&command)
            .cloned()
            .map(Some)
    }

    pub(crate) fn claim(&mut self, claim: &TenantClaim) -> Option<ClaimEntry> {
        if let Some(entry) = self.changed.claims.get(claim) {
            return Some(entry.clone());
        }
        if let Some(entry) = self.facts.claims.get(claim) {
            return Some(entry.clone());
        }
        let holder = self.memory.as_mut()?.claims.get(claim).cloned()?;
        Some(ClaimEntry {
            stored: Some(holder.clone()),
            holder,
        })
    }

    pub(crate) fn series(&mut self, key: &SeriesKey) -> Option<SeriesState> {
        let sequences = |layer: &Layer| layer.sequences.get(key).copied();
        let last_sequence = match sequences(&self.changed).or_else(|| sequences(self.facts)) {
            Some(known) => known,
            None => *self.memory.as_mut()?.sequences.get(key)?,
        };
        let series = key.series();
        let dates = |layer: &Layer| layer.dates.get(&series).copied();
        let last_date = match dates(&self.changed).or_else(|| dates(self.facts)) {
            Some(known) => known,
            None => *self.memory.as_mut()?.dates.get(&series)?,
        };
        Some(SeriesState {
            last_sequence,
            last_date,
        })
    }
}
