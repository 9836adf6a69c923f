//! What was read ahead, by position.

use std::collections::BTreeMap;

use invoiceapp_schemas::RecordedEvent;

use crate::headers::EventHeaders;

/// Most events that are read ahead before partitions that are ahead have to wait.
pub(super) const BUFFER_EVENTS_MAX: usize = 4_000;
/// Most bytes of payload that are read ahead before they have to wait.
pub(super) const BUFFER_BYTES_MAX: usize = 24 << 20;

/// How far ahead of what was read a reader may jump without a search.
const FORWARD_MAX: u64 = 10_000;

/// An event, and whether its value could be read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) event: RecordedEvent,
    pub(super) is_decoded: bool,
}

/// A partition of a topic.
pub(super) type Place = (String, i32);

/// Events after a position, some of which may still be missing.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    after: u64,
    events: BTreeMap<u64, (Read, Place)>,
    bytes: usize,
}

impl Buffer {
    /// Nothing yet, after a position.
    pub(super) fn after(after: u64) -> Self {
        Self {
            after,
            ..Self::default()
        }
    }

    /// The position that is handed out next.
    pub(super) const fn next(&self) -> u64 {
        self.after.saturating_add(1)
    }

    /// Lets go of everything up to a position. False when that was let go before, or is so far
    /// ahead that it is better looked for.
    pub(super) fn forward(&mut self, after: u64) -> bool {
        let furthest = self.events.keys().next_back().copied();
        let furthest = furthest.unwrap_or(self.after).max(self.after);
        if after < self.after || after > furthest.saturating_add(FORWARD_MAX) {
            return false;
        }
        let kept = self.events.split_off(&after.saturating_add(1));
        let gone = std::mem::replace(&mut self.events, kept);
        let gone: usize = gone.values().map(|(read, _)| weight(read)).sum();
        self.bytes = self.bytes.saturating_sub(gone);
        self.after = after;
        true
    }

    /// Whether an event is neither handed out already nor here.
    pub(super) fn wants(&self, headers: &EventHeaders) -> bool {
        headers.position > self.after
            && self
                .events
                .get(&headers.position)
                // What could not be read may have been somebody else's: the relay's own wins.
                .is_none_or(|(known, _)| !known.is_decoded)
    }

    /// Keeps an event that is [wanted](Self::wants).
    pub(super) fn put(&mut self, read: Read, place: Place) {
        self.bytes = self.bytes.saturating_add(weight(&read));
        let position = read.event.position;
        if let Some((replaced, _)) = self.events.insert(position, (read, place)) {
            self.bytes = self.bytes.saturating_sub(weight(&replaced));
        }
    }

    /// Whether so many events without a hole are here, or more than the half of what may be.
    pub(super) fn has_ready(&self, limit: usize) -> bool {
        let last = u64::try_from(limit)
            .ok()
            .and_then(|limit| self.after.checked_add(limit));
        let is_full =
            self.bytes > BUFFER_BYTES_MAX / 2 || self.events.len() > BUFFER_EVENTS_MAX / 2;
        // Positions are dense: with the last one and as many as there may be before it, all are.
        match last {
            Some(last) if self.events.contains_key(&last) => {
                self.events.range(..=last).count() == limit
            }
            _ => is_full && self.events.contains_key(&self.next()),
        }
    }

    /// The events without a hole, at most so many. They stay until they are let go.
    pub(super) fn ready(&self, limit: usize) -> Vec<RecordedEvent> {
        (self.next()..)
            .zip(&self.events)
            .take_while(|(next, (position, _))| next == *position)
            .take(limit)
            .map(|(_, (_, (read, _)))| read.event.clone())
            .collect()
    }

    /// Whether those who are ahead have to wait.
    pub(super) fn is_full(&self) -> bool {
        self.events.len() > BUFFER_EVENTS_MAX || self.bytes > BUFFER_BYTES_MAX
    }

    /// Whether those who had to wait may go on.
    pub(super) fn has_room(&self) -> bool {
        self.events.len() < BUFFER_EVENTS_MAX / 4 && self.bytes < BUFFER_BYTES_MAX / 4
    }

    /// The partitions of what is here. An event that is missing is in none of them: in a partition
    /// positions only rise.
    pub(super) fn places(&self) -> std::collections::BTreeSet<Place> {
        self.events
            .values()
            .map(|(_, place)| place.clone())
            .collect()
    }
}

fn weight(read: &Read) -> usize {
    read.event
        .payload_json
        .len()
        .saturating_add(read.event.metadata_json.len())
}

#[cfg(test)]
mod tests {
    use invoiceapp_domain::{StreamId, StreamKind, TenantId};
    use invoiceapp_schemas::{ChainHash, RecordedEvent};
    use uuid::Uuid;

    use super::{Buffer, Read};

    fn read(position: u64, is_decoded: bool) -> Read {
        let event = RecordedEvent {
            position,
            stream: StreamId::new(TenantId::parse("t").unwrap(), StreamKind::Product, "1"),
            version: position,
            event_id: Uuid::nil(),
            event_type: "ProductArchived".to_owned(),
            schema_version: 1,
            recorded_at: jiff::Timestamp::UNIX_EPOCH,
            metadata_json: String::new(),
            payload_json: format!("{is_decoded}"),
            hash: ChainHash::GENESIS,
        };
        Read { event, is_decoded }
    }

    fn positions(buffer: &Buffer, limit: usize) -> Vec<u64> {
        let ready = buffer.ready(limit);
        ready.iter().map(|event| event.position).collect()
    }

    fn buffer(after: u64, present: &[u64]) -> Buffer {
        let mut buffer = Buffer::after(after);
        for position in present {
            buffer.put(read(*position, true), ("topic".to_owned(), 0));
        }
        buffer
    }

    #[test]
    fn only_what_has_no_hole_before_it_is_ready() {
        let buffer = buffer(3, &[4, 5, 7]);
        assert_eq!(positions(&buffer, 10), [4, 5]);
        assert_eq!(positions(&buffer, 1), [4]);
        assert!(buffer.has_ready(2));
        assert!(!buffer.has_ready(3));
        assert!(!super::Buffer::after(3).has_ready(1));
    }

    #[test]
    fn what_is_behind_a_hole_comes_when_the_hole_is_filled() {
        let mut buffer = buffer(3, &[5, 6]);
        assert_eq!(positions(&buffer, 10), [] as [u64; 0]);
        buffer.put(read(4, true), ("other".to_owned(), 1));
        assert_eq!(positions(&buffer, 10), [4, 5, 6]);
    }

    #[test]
    fn a_position_is_let_go_only_when_the_reader_is_past_it() {
        let mut buffer = buffer(0, &[1, 2, 3]);
        assert_eq!(positions(&buffer, 2), [1, 2]);
        assert_eq!(positions(&buffer, 2), [1, 2]);
        assert!(buffer.forward(2));
        assert_eq!(positions(&buffer, 2), [3]);
        assert!(!buffer.forward(1));
    }
}
