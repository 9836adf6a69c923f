//! Decides one request of a batch: commit, the stored outcome, a refusal, or "that has to be looked
//! up first". Nothing here touches a database.

use std::panic::{AssertUnwindSafe, catch_unwind};

use invoiceapp_domain::{AllocatedNumber, ClaimChange, NumberRequest, TenantId};
use invoiceapp_schemas::NewEvent;
use jiff::Timestamp;

use super::engine::{Receipt, SeriesKey, TenantClaim, Wanted};
use super::view::{ClaimEntry, View};
use crate::port::{
    APPEND_BYTES_MAX, APPEND_EVENTS_MAX, Append, AppendError, AppendEvents, Committed, JournalError,
};

/// What a request comes to.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// These events are written.
    Commit(Planned),
    /// It was committed before.
    Replay(Committed),
    /// No. Holds only if the head is where the batch's view believes it.
    Refuse(AppendError),
    /// Not to be said before what is now wanted has been looked up.
    Unknown,
}

/// The effect of one request, as yet without hashes.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) events: Vec<NewEvent>,
    pub(crate) receipt: Receipt,
}

/// What one request does to the claims and the series, kept apart until nothing can refuse it.
#[derive(Default)]
struct Effects {
    claims: Vec<(TenantClaim, ClaimEntry)>,
    number: Option<(SeriesKey, NumberRequest, AllocatedNumber)>,
}

/// A reason to stop deciding.
enum Stop {
    Refused(AppendError),
    Unknown,
}

impl From<AppendError> for Stop {
    fn from(error: AppendError) -> Self {
        Self::Refused(error)
    }
}

/// Decides `append` behind what the view has seen so far; adds to `wanted` what has to be known
/// first. Requests after an unknown one are still decided, so that one look-up serves them all.
pub(crate) fn decide(
    view: &mut View<'_>,
    append: &Append,
    recorded_at: Timestamp,
    wanted: &mut Wanted,
) -> Verdict {
    let receipt = view.receipt(append.command.id);
    if let Some(Some(receipt)) = &receipt {
        return replay(receipt, append);
    }
    match plan(view, append, recorded_at, wanted) {
        Ok(planned) => Verdict::Commit(planned),
        Err(Stop::Unknown) => Verdict::Unknown,
        Err(Stop::Refused(error)) => {
            // A retry of something that was committed long ago must get its outcome, and what was
            // only presumed is not proved by a write: a refusal is made on nothing but knowledge.
            let unknown = unknown_of(view, append);
            if unknown.is_empty() {
                return Verdict::Refuse(error);
            }
            wanted.extend(unknown);
            Verdict::Unknown
        }
    }
}

/// Whatever `append` could depend on and the view does not know.
fn unknown_of(view: &mut View<'_>, append: &Append) -> Wanted {
    let mut unknown = Wanted::everything_of(append);
    unknown
        .streams
        .retain(|stream| view.version(stream).is_none());
    unknown
        .receipts
        .retain(|command| view.receipt(*command).is_none());
    unknown
        .claims
        .retain(|claim| view.claim(claim).is_none_or(|entry| entry.stored.is_none()));
    unknown.series.retain(|key| view.series(key).is_none());
    unknown
}

fn replay(receipt: &Receipt, append: &Append) -> Verdict {
    match receipt.clone().replayed_for(&append.command.fingerprint) {
        Ok(committed) => Verdict::Replay(committed),
        Err(refusal) => Verdict::Refuse(refusal),
    }
}

fn plan(
    view: &mut View<'_>,
    append: &Append,
    recorded_at: Timestamp,
    wanted: &mut Wanted,
) -> Result<Planned, Stop> {
    let versions = check_versions(view, append, wanted);
    let mut effects = Effects::default();
    // What is missing further down is asked for in the same look-up.
    let claims = match versions {
        Err(Stop::Refused(_)) => Ok(()),
        Ok(()) | Err(Stop::Unknown) => plan_claims(view, append, wanted, &mut effects),
    };
    let number = match &append.events {
        AppendEvents::Numbered { request, .. } => {
            Some(next_number(view, &append.stream.tenant, request, wanted))
        }
        AppendEvents::Ready(_) => None,
    };
    versions?;
    claims?;
    let events = match (&append.events, number.transpose()?) {
        (AppendEvents::Numbered { request, complete }, Some((key, number))) => {
            let events = completed(complete, &number)?;
            effects.number = Some((key, request.clone(), number));
            events
        }
        (AppendEvents::Ready(events), _) => events.clone(),
        (AppendEvents::Numbered { .. }, None) => return Err(Stop::Unknown),
    };
    check_events(&events, append, &effects)?;
    Ok(take_effect(view, append, recorded_at, events, effects))
}

fn check_versions(view: &mut View<'_>, append: &Append, wanted: &mut Wanted) -> Result<(), Stop> {
    let mut unknown = false;
    let own = (&append.stream, append.expected_version, true);
    let guards = append
        .guards
        .iter()
        .map(|guard| (&guard.stream, guard.version, false));
    for (stream, expected, is_written) in std::iter::once(own).chain(guards) {
        match view.version(stream) {
            Some(actual) if actual == expected => {}
            // Refused or not, it is asked again when what came before it is known.
            Some(_) if unknown => {}
            Some(actual) => {
                let stream = stream.clone();
                return Err(AppendError::VersionConflict {
                    stream,
                    expected,
                    actual,
                }
                .into());
            }
            // The primary key tells whether a stream that should be fresh is.
            None if is_written && expected == 0 && writes_an_event(append) => {}
            None => {
                wanted.streams.insert(stream.clone());
                unknown = true;
            }
        }
    }
    if unknown { Err(Stop::Unknown) } else { Ok(()) }
}

fn writes_an_event(append: &Append) -> bool {
    match &append.events {
        AppendEvents::Ready(events) => !events.is_empty(),
        AppendEvents::Numbered { .. } => true,
    }
}

fn plan_claims(
    view: &mut View<'_>,
    append: &Append,
    wanted: &mut Wanted,
    effects: &mut Effects,
) -> Result<(), Stop> {
    let mut unknown = false;
    for change in &append.claims {
        let (ClaimChange::Take(key) | ClaimChange::Release(key)) = change;
        let claim = TenantClaim {
            tenant: append.stream.tenant.clone(),
            key: key.clone(),
        };
        let planned = effects.claims.iter().position(|(other, _)| *other == claim);
        let known = match planned {
            Some(index) => Some(effects.claims.swap_remove(index).1),
            None => view.claim(&claim),
        };
        let holder = known.as_ref().and_then(|entry| entry.holder.as_ref());
        let is_own = holder == Some(&append.stream);
        match change {
            ClaimChange::Take(_) if holder.is_some() && !is_own => {
                return Err(AppendError::ClaimTaken { key: key.clone() }.into());
            }
            ClaimChange::Take(_) => {
                let stored = known.and_then(|entry| entry.stored);
                let entry = ClaimEntry {
                    stored,
                    holder: Some(append.stream.clone()),
                };
                effects.claims.push((claim, entry));
            }
            ClaimChange::Release(_) => match known {
                // What nobody knows to be free cannot be given back: somebody else may hold it.
                None | Some(ClaimEntry { stored: None, .. }) => {
                    wanted.claims.insert(claim);
                    unknown = true;
                }
                Some(entry) => {
                    let holder = if is_own { None } else { entry.holder };
                    effects.claims.push((claim, ClaimEntry { holder, ..entry }));
                }
            },
        }
    }
    if unknown { Err(Stop::Unknown) } else { Ok(()) }
}

fn next_number(
    view: &mut View<'_>,
    tenant: &TenantId,
    request: &NumberRequest,
    wanted: &mut Wanted,
) -> Result<(SeriesKey, AllocatedNumber), Stop> {
    let (series, period) = (request.series.clone(), request.period.clone());
    let key = SeriesKey {
        tenant: tenant.clone(),
        code: series.clone(),
        period: period.clone(),
    };
    let Some(state) = view.series(&key) else {
        wanted.series.insert(key);
        return Err(Stop::Unknown);
    };
    if let Some(last) = state.last_date.filter(|last| request.date < *last) {
        return Err(AppendError::SeriesDateBeforeLast { series, last }.into());
    }
    let sequence = match state.last_sequence {
        None => request.first,
        Some(last) => last
            .checked_add(1)
            .ok_or(AppendError::TooLarge { limit: "u64" })?,
    };
    Ok((
        key,
        AllocatedNumber {
            series,
            period,
            sequence,
        },
    ))
}

/// The caller's function runs in the writer's task, so its panic must not end the writer.
fn completed(
    complete: &crate::port::CompleteNumbered,
    number: &AllocatedNumber,
) -> Result<Vec<NewEvent>, AppendError> {
    let panicked = || JournalError::Unavailable {
        reason: "the completion of a numbered append panicked".to_owned(),
    };
    let events = catch_unwind(AssertUnwindSafe(|| complete(number))).map_err(|_| panicked())?;
    Ok(events?)
}

fn check_events(
    events: &[NewEvent],
    append: &Append,
    effects: &Effects,
) -> Result<(), AppendError> {
    if events.is_empty() && (effects.number.is_some() || !append.claims.is_empty()) {
        return Err(AppendError::Malformed {
            reason: "a number or claim without an event",
        });
    }
    check_limits(events)
}

/// Checks what an append may carry at most, and what no engine can keep.
///
/// # Errors
/// [`AppendError::TooLarge`] or [`AppendError::Malformed`].
pub(crate) fn check_limits(events: &[NewEvent]) -> Result<(), AppendError> {
    if events.len() > APPEND_EVENTS_MAX {
        return Err(AppendError::TooLarge {
            limit: "APPEND_EVENTS_MAX",
        });
    }
    let bytes: usize = events.iter().map(|event| event.payload_json.len()).sum();
    if bytes > APPEND_BYTES_MAX {
        return Err(AppendError::TooLarge {
            limit: "APPEND_BYTES_MAX",
        });
    }
    if events
        .iter()
        .any(|e| e.event_type.contains('\0') || e.payload_json.contains('\0'))
    {
        return Err(AppendError::Malformed {
            reason: "U+0000 in an event",
        });
    }
    Ok(())
}

fn take_effect(
    view: &mut View<'_>,
    append: &Append,
    recorded_at: Timestamp,
    events: Vec<NewEvent>,
    effects: Effects,
) -> Planned {
    let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
    let version = append.expected_version.saturating_add(count);
    view.position = view.position.saturating_add(count);
    view.changed.streams.insert(append.stream.clone(), version);
    view.changed.claims.extend(effects.claims);
    let number = effects.number.map(|(key, request, number)| {
        view.changed.dates.insert(key.series(), Some(request.date));
        view.changed.sequences.insert(key, Some(number.sequence));
        number
    });
    let committed = Committed {
        stream: append.stream.clone(),
        version,
        position: view.position,
        recorded_at,
        number,
        replayed: false,
    };
    let receipt = Receipt {
        fingerprint: append.command.fingerprint,
        committed,
    };
    let kept = Some(receipt.clone());
    view.changed.receipts.insert(append.command.id, kept);
    Planned { events, receipt }
}
