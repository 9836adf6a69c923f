//! What the writer knows between batches. Exact while the journal ends where the memory believes:
//! whoever moves the head otherwise makes [`Memory::learn`] or [`Memory::forget`] necessary.

use invoiceapp_domain::{ClaimChange, StreamId};
use invoiceapp_schemas::{CommandId, Metadata};
use jiff::civil::Date;

use super::engine::{Change, HeadState, Receipt, SeriesCode, SeriesKey, TenantClaim};
use super::generations::Generations;
use super::view::Layer;

/// Streams whose version is remembered, at least; never more than twice as many.
pub const REMEMBERED_STREAMS_MAX: usize = 16_384;
/// Receipts that are remembered, at least; never more than twice as many.
pub const REMEMBERED_RECEIPTS_MAX: usize = 16_384;
/// Claims whose holder is remembered, at least; never more than twice as many.
pub const REMEMBERED_CLAIMS_MAX: usize = 4_096;
/// Number series whose state is remembered, at least; never more than twice as many.
const REMEMBERED_SERIES_MAX: usize = 1_024;

#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) head: HeadState,
    /// False until the head was read, and again after the engine failed.
    pub(crate) is_exact: bool,
    pub(crate) streams: Generations<StreamId, u64>,
    /// A receipt is for ever, so what is in here stays true whoever writes.
    pub(crate) receipts: Generations<CommandId, Receipt>,
    pub(crate) claims: Generations<TenantClaim, Option<StreamId>>,
    pub(crate) sequences: Generations<SeriesKey, Option<u64>>,
    pub(crate) dates: Generations<SeriesCode, Option<Date>>,
    /// What is yet to be taken in; nothing while a batch is decided.
    unsettled: Vec<Layer>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            head: HeadState::GENESIS,
            is_exact: false,
            streams: Generations::new(REMEMBERED_STREAMS_MAX),
            receipts: Generations::new(REMEMBERED_RECEIPTS_MAX),
            claims: Generations::new(REMEMBERED_CLAIMS_MAX),
            sequences: Generations::new(REMEMBERED_SERIES_MAX),
            dates: Generations::new(REMEMBERED_SERIES_MAX),
            unsettled: Vec::new(),
        }
    }

    /// A batch was committed. Taking in what it knew and did is left for [`Self::settle`], so that
    /// nobody waits for it.
    pub(crate) fn committed(&mut self, layer: Layer) {
        self.unsettled.push(layer);
    }

    /// Takes in what was committed; to be called before anything is decided.
    pub(crate) fn settle(&mut self) {
        for layer in std::mem::take(&mut self.unsettled) {
            self.take_in(layer);
        }
    }

    fn take_in(&mut self, layer: Layer) {
        for (stream, version) in layer.streams {
            self.streams.insert(stream, version);
        }
        for (command, receipt) in layer.receipts {
            if let Some(receipt) = receipt {
                self.receipts.insert(command, receipt);
            }
        }
        for (claim, entry) in layer.claims {
            self.claims.insert(claim, entry.holder);
        }
        for (key, sequence) in layer.sequences {
            self.sequences.insert(key, sequence);
        }
        for (series, date) in layer.dates {
            self.dates.insert(series, date);
        }
    }

    /// Starts again at a head, knowing nothing but receipts.
    pub(crate) fn forget(&mut self, head: HeadState) {
        self.streams.clear();
        self.claims.clear();
        self.sequences.clear();
        self.dates.clear();
        self.head = head;
        self.is_exact = true;
    }

    /// Takes in an event that another writer committed. False when it cannot be read, and
    /// everything has to be forgotten.
    pub(crate) fn learn(&mut self, change: &Change) -> bool {
        self.streams.insert(change.stream.clone(), change.version);
        let Some(json) = &change.metadata_json else {
            return true;
        };
        let Ok(metadata) = serde_json::from_str::<Metadata>(json) else {
            return false;
        };
        for claim in metadata.claims {
            let (ClaimChange::Take(key) | ClaimChange::Release(key)) = claim;
            self.claims.remove(&TenantClaim {
                tenant: change.stream.tenant.clone(),
                key,
            });
        }
        if let Some(number) = metadata.number {
            let tenant = change.stream.tenant.clone();
            let key = SeriesKey {
                tenant,
                code: number.series,
                period: number.period,
            };
            self.dates.remove(&key.series());
            self.sequences.remove(&key);
        }
        true
    }
}
