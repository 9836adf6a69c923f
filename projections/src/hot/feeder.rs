//! Keeps a hot store: follows the feed for which streams have changed, waits until the views have
//! seen that, and copies their documents over. Nothing is folded here, so a copy cannot differ.
//!
//! When the hot store has lost everything its mark is gone, and the feed is followed from its
//! beginning: as many reads as there are events, a batch in memory at a time. Meanwhile nobody
//! vouches for what is there, and readers fall through.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use invoiceapp_domain::StreamId;
use invoiceapp_journal::feed::{Feed, FeedError};
use invoiceapp_observe::metrics::metrics;
use thiserror::Error;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::port::{HotChanges, HotDocument, HotStore};
use crate::document::Document;
use crate::error::ViewError;
use crate::projector::{BACK_OFF_FIRST, BACK_OFF_MAX};
use crate::store::{Applied, PARKED_KEYS_MAX};
use crate::views;
use crate::wait::Views;

/// What a feeder keeps, as metrics call it.
const VIEW: &str = "hot";
/// Most events whose documents are copied in one step. The step is atomic, and a server that does
/// one thing at a time does nothing else meanwhile.
pub const HOT_BATCH_EVENTS_MAX: usize = 200;
/// How old a hot value may be at most before readers stop believing it.
pub const FRESH_FOR: Duration = Duration::from_secs(1);
/// How often an idle feeder says that nothing has changed.
pub const IDLE_INTERVAL: Duration = Duration::from_millis(300);

/// Why a step failed; the loop tries again.
#[derive(Debug, Error)]
pub enum HotFeedError {
    /// The feed could not be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The views or the hot store could not be read or written, or the views are behind.
    #[error(transparent)]
    View(#[from] ViewError),
}

/// Keeps one hot store.
#[derive(Debug)]
pub struct HotFeeder {
    feed: Arc<dyn Feed>,
    views: Views,
    hot: Arc<dyn HotStore>,
}

/// The views' checkpoint at a moment: a hot store that has reached it is as old as that moment.
struct Sighting {
    position: u64,
    at: Instant,
}

impl HotFeeder {
    /// Copies from `views`, which must read the view store itself and not a hot store.
    #[must_use]
    pub fn new(feed: Arc<dyn Feed>, views: Views, hot: Arc<dyn HotStore>) -> Self {
        Self { feed, views, hot }
    }

    /// Copies until the hot store has reached the feed's head and is vouched for; returns that
    /// position.
    ///
    /// # Errors
    /// [`HotFeedError`]; what was copied stays.
    pub async fn catch_up(&self) -> Result<u64, HotFeedError> {
        let mut sighting = None;
        loop {
            let (position, is_at_head) = self.step(&mut sighting).await?;
            if is_at_head {
                return Ok(position);
            }
        }
    }

    /// Runs until cancelled. Failures are logged and tried again with a growing pause. Several may
    /// run at once: each batch is one step, from the mark that it was read at.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut back_off = BACK_OFF_FIRST;
        while !cancel.is_cancelled() {
            let outcome = tokio::select! {
                outcome = self.catch_up() => outcome,
                () = cancel.cancelled() => return,
            };
            if let Err(error) = &outcome {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "hot values stand still"
                );
            }
            let pause = async {
                match &outcome {
                    Ok(position) => {
                        // Both ends of the wait mean the same: look again.
                        let moved = self.feed.wait(*position);
                        let _elapsed = tokio::time::timeout(IDLE_INTERVAL, moved).await;
                    }
                    Err(_) => tokio::time::sleep(back_off).await,
                }
            };
            tokio::select! {
                () = pause => {}
                () = cancel.cancelled() => {}
            }
            back_off = if outcome.is_ok() {
                BACK_OFF_FIRST
            } else {
                back_off.saturating_mul(2).min(BACK_OFF_MAX)
            };
        }
    }

    /// Copies one batch; returns the position reached, and whether it is the head.
    async fn step(&self, sighting: &mut Option<Sighting>) -> Result<(u64, bool), HotFeedError> {
        let store = self.views.store();
        let seen = match sighting.take() {
            Some(seen) => seen,
            None => Sighting {
                at: Instant::now(),
                position: store.checkpoint().await?,
            },
        };
        let mark = self.hot.mark().await?;
        let from = mark.as_ref().map_or(0, |mark| mark.position);
        let mut events = self.feed.read(from, HOT_BATCH_EVENTS_MAX).await?;
        events.retain(|event| event.position > from);
        let to = events.last().map_or(from, |event| event.position);
        self.views.follow_to(to).await?;
        // After the wait: what these events have parked is among them.
        let parked = store.parked(PARKED_KEYS_MAX).await?;
        let parked: BTreeSet<StreamId> = parked.into_iter().map(|parked| parked.stream).collect();
        let known = mark.as_ref().map(|mark| mark.parked.iter().cloned());
        let known: BTreeSet<StreamId> = known.into_iter().flatten().collect();
        let is_at_head = events.is_empty();
        let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
        if !is_at_head || parked != known {
            let changed = events.into_iter().map(|event| event.stream);
            let healed = known.difference(&parked).cloned();
            let streams: BTreeSet<StreamId> = changed.chain(healed).collect();
            let changes = HotChanges {
                to,
                documents: self.copies(streams).await?,
                parked: parked.into_iter().collect(),
            };
            let from = mark.map(|mark| mark.position);
            if self.hot.apply(from, changes).await? == Applied::Fenced {
                tracing::info!(
                    ?from,
                    "another feeder has moved the hot values, or they are lost"
                );
                return Ok((to, false));
            }
            metrics()
                .projection_events
                .with_label_values(&[VIEW])
                .inc_by(count);
        }
        self.vouch(to, seen, sighting).await?;
        Ok((to, is_at_head))
    }

    async fn copies(&self, streams: BTreeSet<StreamId>) -> Result<Vec<HotDocument>, ViewError> {
        let streams: Vec<StreamId> = streams.into_iter().collect();
        let documents = self.views.store().documents(&streams).await?;
        documents.into_iter().map(hot).collect()
    }

    /// Vouches for the hot values when they have all that the views had a moment ago; otherwise
    /// keeps that moment in mind.
    async fn vouch(
        &self,
        reached: u64,
        seen: Sighting,
        sighting: &mut Option<Sighting>,
    ) -> Result<(), ViewError> {
        if reached < seen.position {
            *sighting = Some(seen);
            return Ok(());
        }
        let left = FRESH_FOR.saturating_sub(seen.at.elapsed());
        if left.is_zero() {
            return Ok(());
        }
        self.hot.vouch(reached, left).await
    }
}

fn hot(document: Document) -> Result<HotDocument, ViewError> {
    Ok(HotDocument {
        contributions: views::contributions(&document)?,
        document,
    })
}
