//! The journal in a hundred lines: what every adapter has to agree with.

use std::collections::HashMap;

use invoiceapp_domain::{ClaimChange, ClaimKey, StreamId, TenantId};
use invoiceapp_schemas::CommandId;
use jiff::civil::Date;

use crate::port::{Append, AppendError, AppendEvents};

/// Version, position and number that a command came to.
pub(super) type Outcome = (u64, u64, Option<u64>);

/// A journal without storage, batches or speed.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// Stream and version per position.
    pub(super) events: Vec<(StreamId, u64)>,
    versions: HashMap<StreamId, u64>,
    receipts: HashMap<CommandId, ([u8; 32], Outcome)>,
    claims: HashMap<(TenantId, ClaimKey), StreamId>,
    sequences: HashMap<(TenantId, String, String), u64>,
    dates: HashMap<(TenantId, String), Date>,
}

impl Model {
    pub(super) fn version(&self, stream: &StreamId) -> u64 {
        self.versions.get(stream).copied().unwrap_or(0)
    }

    pub(super) fn append(&mut self, append: &Append, count: u64) -> Result<Outcome, AppendError> {
        if let Some((fingerprint, outcome)) = self.receipts.get(&append.command.id) {
            let is_same = *fingerprint == append.command.fingerprint;
            return if is_same {
                Ok(*outcome)
            } else {
                Err(AppendError::CommandReused)
            };
        }
        let own = (&append.stream, append.expected_version);
        let guards = append
            .guards
            .iter()
            .map(|guard| (&guard.stream, guard.version));
        for (stream, expected) in std::iter::once(own).chain(guards) {
            let (actual, stream) = (self.version(stream), stream.clone());
            if actual != expected {
                return Err(AppendError::VersionConflict {
                    stream,
                    expected,
                    actual,
                });
            }
        }
        let claims = self.claims_after(append)?;
        let number = self.next_number(append)?;
        self.claims = claims;
        let from = append.expected_version;
        self.events
            .extend((1..=count).map(|nth| (append.stream.clone(), from + nth)));
        self.versions.insert(append.stream.clone(), from + count);
        let outcome = (
            from + count,
            u64::try_from(self.events.len()).unwrap(),
            number,
        );
        self.receipts
            .insert(append.command.id, (append.command.fingerprint, outcome));
        Ok(outcome)
    }

    fn claims_after(
        &self,
        append: &Append,
    ) -> Result<HashMap<(TenantId, ClaimKey), StreamId>, AppendError> {
        let mut claims = self.claims.clone();
        for change in &append.claims {
            let (ClaimChange::Take(key) | ClaimChange::Release(key)) = change;
            let place = (append.stream.tenant.clone(), key.clone());
            match (claims.get(&place) == Some(&append.stream), change) {
                (true, ClaimChange::Take(_)) | (false, ClaimChange::Release(_)) => {}
                (true, ClaimChange::Release(_)) => drop(claims.remove(&place)),
                (false, ClaimChange::Take(_)) if claims.contains_key(&place) => {
                    return Err(AppendError::ClaimTaken { key: key.clone() });
                }
                (false, ClaimChange::Take(_)) => drop(claims.insert(place, append.stream.clone())),
            }
        }
        Ok(claims)
    }

    fn next_number(&mut self, append: &Append) -> Result<Option<u64>, AppendError> {
        let AppendEvents::Numbered { request, .. } = &append.events else {
            return Ok(None);
        };
        let series = (append.stream.tenant.clone(), request.series.clone());
        if let Some(last) = self
            .dates
            .get(&series)
            .copied()
            .filter(|it| request.date < *it)
        {
            return Err(AppendError::SeriesDateBeforeLast {
                series: series.1,
                last,
            });
        }
        let period = (series.0.clone(), series.1.clone(), request.period.clone());
        let sequence = self
            .sequences
            .get(&period)
            .map_or(request.first, |last| last + 1);
        self.sequences.insert(period, sequence);
        self.dates.insert(series, request.date);
        Ok(Some(sequence))
    }
}
