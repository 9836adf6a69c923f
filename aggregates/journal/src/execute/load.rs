//! Loads a stream: from memory or its snapshot, and the tail behind it; or from its beginning to a
//! given version.

use std::sync::Arc;

use invoiceapp_domain::{Decider, STATE_HASH, StreamId};
use invoiceapp_schemas::RecordedEvent;

use super::hot::{Hot, heavier};
use super::{CommandExecutor, LoadError};
use crate::loaded::Loaded;
use crate::port::{READ_EVENTS_MAX, Snapshot, is_last_page};

impl CommandExecutor {
    /// The stream as it is now; nothing when it has no event.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn load<A: Decider>(
        &self,
        stream: &StreamId,
    ) -> Result<Option<Arc<Loaded<A>>>, LoadError> {
        let hot = self.load_present::<A>(stream).await?;
        Ok(hot.map(|hot| hot.loaded))
    }

    /// The stream as it was at a version.
    ///
    /// # Errors
    /// [`LoadError::NoSuchVersion`] when it has fewer events; 0 is never there.
    pub async fn load_at_version<A: Decider>(
        &self,
        stream: &StreamId,
        version: u64,
    ) -> Result<Arc<Loaded<A>>, LoadError> {
        if let Some(hot) = self.hot.get::<A>(stream)
            && hot.loaded.version == version
        {
            return Ok(hot.loaded);
        }
        let start = self.snapshot::<A>(stream).await?;
        let start = start.filter(|hot| hot.loaded.version <= version);
        let folded = self.fold_tail(stream, start, None, version).await?;
        match folded {
            Some(hot) if hot.loaded.version == version => Ok(hot.loaded),
            _ => Err(LoadError::NoSuchVersion {
                stream: stream.clone(),
                version,
            }),
        }
    }

    /// The stream as it is now, and kept for the next use.
    pub(super) async fn load_present<A: Decider>(
        &self,
        stream: &StreamId,
    ) -> Result<Option<Hot<A>>, LoadError> {
        let (start, page) = match self.hot.get::<A>(stream) {
            Some(hot) => (Some(hot), None),
            None => self.begin::<A>(stream).await?,
        };
        let folded_from = start.as_ref().map_or(0, |hot| hot.loaded.version);
        let folded = self.fold_tail(stream, start, page, u64::MAX).await?;
        if let Some(hot) = &folded {
            self.hot.keep(hot);
            self.snapshots.offer(&hot.loaded, folded_from);
        }
        Ok(folded)
    }

    /// The snapshot, and the first page behind it. Where the snapshot cannot be used, the page is of
    /// no use either: the events have to be read from the beginning.
    async fn begin<A: Decider>(
        &self,
        stream: &StreamId,
    ) -> Result<(Option<Hot<A>>, Option<Vec<RecordedEvent>>), LoadError> {
        let tail = self.journal.read_tail(stream, STATE_HASH).await?;
        let Some(snapshot) = tail.snapshot else {
            return Ok((None, Some(tail.events)));
        };
        let start = hot_of(stream, &snapshot);
        let page = start.is_some().then_some(tail.events);
        Ok((start, page))
    }

    /// The snapshot, unless another fold than the compiled one has written it.
    async fn snapshot<A: Decider>(&self, stream: &StreamId) -> Result<Option<Hot<A>>, LoadError> {
        let snapshot = self.journal.snapshot(stream).await?;
        let snapshot = snapshot.filter(|snapshot| snapshot.state_hash == STATE_HASH);
        Ok(snapshot.and_then(|snapshot| hot_of(stream, &snapshot)))
    }

    /// Folds what stands behind the start; `first` is the first page of it, if it is there already.
    async fn fold_tail<A: Decider>(
        &self,
        stream: &StreamId,
        start: Option<Hot<A>>,
        mut first: Option<Vec<RecordedEvent>>,
        until_version: u64,
    ) -> Result<Option<Hot<A>>, LoadError> {
        let mut bytes = start.as_ref().map_or(0, |hot| hot.bytes);
        let mut current = start.map(|hot| hot.loaded);
        loop {
            let version = current.as_ref().map_or(0, |loaded| loaded.version);
            let left = usize::try_from(until_version.saturating_sub(version)).unwrap_or(usize::MAX);
            let limit = left.min(READ_EVENTS_MAX);
            let page = match (first.take(), limit) {
                (Some(page), _) => page,
                (None, 0) => Vec::new(),
                (None, _) => self.journal.read_stream(stream, version, limit).await?,
            };
            if !page.is_empty() {
                let mut folded = current.map(Arc::unwrap_or_clone);
                for event in &page {
                    bytes = heavier(bytes, event.payload_json.len());
                    folded = Some(Loaded::fold(folded, event)?);
                }
                current = folded.map(Arc::new);
            }
            if is_last_page(&page, limit) {
                return Ok(current.map(|loaded| Hot { loaded, bytes }));
            }
        }
    }
}

/// What a snapshot of the compiled fold says. A cache that cannot be read is no reason to fail: the
/// events are there.
fn hot_of<A: Decider>(stream: &StreamId, snapshot: &Snapshot) -> Option<Hot<A>> {
    match serde_json::from_str::<Loaded<A>>(&snapshot.state_json) {
        Ok(loaded) if loaded.stream == *stream && loaded.version == snapshot.version => Some(Hot {
            loaded: Arc::new(loaded),
            bytes: heavier(0, snapshot.state_json.len()),
        }),
        Ok(_) | Err(_) => {
            tracing::warn!(%stream, "a snapshot of the compiled fold cannot be used");
            None
        }
    }
}
