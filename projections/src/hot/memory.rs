//! Hot values in the memory of one process, for a process that has no server for them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_domain::{StreamId, TenantId};
use tokio::time::Instant;

use super::port::{HotChanges, HotDocument, HotMark, HotRead, HotStore, lifetime};
use crate::dashboard::{Bucket, BucketKey, CounterOverflow, difference};
use crate::document::Document;
use crate::error::ViewError;
use crate::store::Applied;

/// Most documents that are kept of those that have a lifetime. When more come, those whose time has
/// run out go, and if that is not enough, all.
pub const PASSING_DOCUMENTS_MAX: usize = 10_000;

/// Hot values in memory: every document's contribution to the counters, and the documents.
#[derive(Debug, Default)]
pub struct MemoryHotStore(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    mark: Option<HotMark>,
    vouched_until: Option<Instant>,
    /// What was counted of each stream, and at which version.
    counted: HashMap<StreamId, (u64, Vec<Bucket>)>,
    counters: HashMap<TenantId, BTreeMap<BucketKey, (i64, i128)>>,
    lasting: HashMap<StreamId, Document>,
    passing: HashMap<StreamId, (Document, Instant)>,
}

impl MemoryHotStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Loses everything, as a server that is flushed does.
    pub fn lose_everything(&self) {
        *self.held() = Held::default();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Every step below leaves a state that is right, so a panic elsewhere does not matter.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn write(&mut self, hot: HotDocument) -> Result<(), CounterOverflow> {
        let HotDocument {
            document,
            contributions,
        } = hot;
        let stream = document.stream.clone();
        let counted = self.counted.get(&stream);
        if counted.is_some_and(|(version, _)| *version >= document.version) {
            return Ok(());
        }
        let before = counted.map_or(&[][..], |(_, buckets)| buckets);
        let changes = difference(before, &contributions)?;
        let counters = self.counters.entry(stream.tenant.clone()).or_default();
        for change in changes {
            let sum = counters.entry(change.key).or_default();
            let count = sum.0.checked_add(change.count).ok_or(CounterOverflow)?;
            let minor = sum.1.checked_add(change.minor).ok_or(CounterOverflow)?;
            *sum = (count, minor);
        }
        counters.retain(|_, sum| *sum != (0, 0));
        self.counted
            .insert(stream.clone(), (document.version, contributions));
        self.keep(stream, document);
        Ok(())
    }

    fn keep(&mut self, stream: StreamId, document: Document) {
        let Some(lifetime) = lifetime(stream.kind) else {
            self.lasting.insert(stream, document);
            return;
        };
        let now = Instant::now();
        if self.passing.len() >= PASSING_DOCUMENTS_MAX {
            self.passing.retain(|_, (_, until)| *until > now);
        }
        if self.passing.len() >= PASSING_DOCUMENTS_MAX {
            self.passing.clear();
        }
        self.passing.insert(stream, (document, now + lifetime));
    }

    fn document(&self, stream: &StreamId) -> Option<Document> {
        let passing = self.passing.get(stream);
        let passing = passing.filter(|(_, until)| *until > Instant::now());
        let passing = passing.map(|(document, _)| document);
        let document = self.lasting.get(stream).or(passing)?;
        Some(Document {
            fields: Vec::new(),
            ..document.clone()
        })
    }

    fn current_at(&self) -> Option<u64> {
        let is_vouched_for = self
            .vouched_until
            .is_some_and(|until| Instant::now() < until);
        let mark = self.mark.as_ref().filter(|_| is_vouched_for)?;
        Some(mark.position)
    }
}

#[async_trait]
impl HotStore for MemoryHotStore {
    async fn mark(&self) -> Result<Option<HotMark>, ViewError> {
        Ok(self.held().mark.clone())
    }

    async fn apply(&self, from: Option<u64>, changes: HotChanges) -> Result<Applied, ViewError> {
        let mut held = self.held();
        if held.mark.as_ref().map(|mark| mark.position) != from {
            return Ok(Applied::Fenced);
        }
        for hot in changes.documents {
            held.write(hot)?;
        }
        held.mark = Some(HotMark {
            position: changes.to,
            parked: changes.parked,
        });
        Ok(Applied::Committed)
    }

    async fn vouch(&self, position: u64, lasting: Duration) -> Result<(), ViewError> {
        let mut held = self.held();
        if held
            .mark
            .as_ref()
            .is_some_and(|mark| mark.position >= position)
        {
            held.vouched_until = Some(Instant::now() + lasting);
        }
        Ok(())
    }

    async fn documents(&self, streams: &[StreamId]) -> Result<HotRead<Vec<Document>>, ViewError> {
        let held = self.held();
        Ok(HotRead {
            value: streams.iter().filter_map(|it| held.document(it)).collect(),
            current_at: held.current_at(),
        })
    }

    async fn buckets(&self, tenant: &TenantId) -> Result<HotRead<Vec<Bucket>>, ViewError> {
        let held = self.held();
        let counters = held.counters.get(tenant).into_iter().flatten();
        let buckets = counters.map(|(key, (count, minor))| Bucket {
            key: key.clone(),
            count: *count,
            minor: *minor,
        });
        Ok(HotRead {
            value: buckets.collect(),
            current_at: held.current_at(),
        })
    }
}
