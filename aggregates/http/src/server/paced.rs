//! A request body that has to come in at a decent rate, and whose unread rest is not lost.

use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use thiserror::Error;
use tokio::time::{Instant, Sleep};

use super::ServerLimits;

/// Why a body ended before its end.
#[derive(Debug, Error)]
pub(crate) enum BodyReadError {
    /// It came in too slowly.
    #[error("the body came in too slowly")]
    TooSlow,
    /// The connection failed, or its framing did.
    #[error("the body broke off")]
    Broken(#[source] hyper::Error),
}

/// True when an error's chain says that a body came in too slowly.
pub(super) fn is_too_slow(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(current) = next {
        if matches!(current.downcast_ref(), Some(BodyReadError::TooSlow)) {
            return true;
        }
        next = current.source();
    }
    false
}

/// Where a body leaves what was not read of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leftover(Arc<Mutex<Option<Incoming>>>);

impl Leftover {
    fn put(&self, body: Incoming) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    }

    fn take(&self) -> Option<Incoming> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Reads the rest and throws it away, within bounds; nothing of it is kept in memory.
    pub(crate) async fn drain(&self, limits: &ServerLimits) {
        let Some(mut body) = self.take() else { return };
        let (mut drained, bytes_max) = (0_u64, limits.drain_bytes_max);
        let reading = async {
            while let Some(Ok(frame)) = body.frame().await {
                drained = drained.saturating_add(data_length(&frame));
                if drained > bytes_max {
                    break;
                }
            }
        };
        // Out of time is out of patience: the connection closes with the rest unread.
        let _ = tokio::time::timeout(limits.drain_timeout, reading).await;
    }
}

fn data_length(frame: &Frame<Bytes>) -> u64 {
    frame
        .data_ref()
        .map_or(0, |data| u64::try_from(data.len()).unwrap_or(u64::MAX))
}

/// The body of a request as handlers get it.
#[derive(Debug)]
pub(crate) struct PacedBody {
    inner: Option<Incoming>,
    leftover: Leftover,
    /// A client that waits for `100 Continue` sends nothing before the first read, and so has
    /// nothing to drain.
    worth_draining: bool,
    started: Option<Instant>,
    deadline: Pin<Box<Sleep>>,
    received_bytes: u64,
    grace: Duration,
    bytes_per_second_min: u64,
    /// For all of it, however fast.
    timeout: Duration,
}

impl PacedBody {
    pub(crate) fn new(
        inner: Incoming,
        waits_for_continue: bool,
        leftover: Leftover,
        limits: &ServerLimits,
    ) -> Self {
        Self {
            inner: Some(inner),
            leftover,
            worth_draining: !waits_for_continue,
            started: None,
            deadline: Box::pin(tokio::time::sleep(limits.body_grace)),
            received_bytes: 0,
            grace: limits.body_grace,
            bytes_per_second_min: limits.body_bytes_per_second_min.max(1),
            timeout: limits.body_timeout,
        }
    }

    /// Moves the deadline to when a body of the slowest allowed rate would have come this far, if
    /// there is so much time for a body at all.
    fn extend(&mut self) {
        let started = *self.started.get_or_insert_with(Instant::now);
        let earned = Duration::from_secs(self.received_bytes / self.bytes_per_second_min);
        let paced = self.grace.saturating_add(earned).min(self.timeout);
        self.deadline.as_mut().reset(started + paced);
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = BodyReadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyReadError>>> {
        let this = &mut *self;
        this.worth_draining = true;
        if this.started.is_none() {
            this.extend();
        }
        let Some(inner) = this.inner.as_mut() else {
            return Poll::Ready(None);
        };
        match Pin::new(inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                this.received_bytes = this.received_bytes.saturating_add(data_length(&frame));
                this.extend();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.inner = None;
                Poll::Ready(Some(Err(BodyReadError::Broken(error))))
            }
            Poll::Ready(None) => {
                this.inner = None;
                Poll::Ready(None)
            }
            Poll::Pending => {
                ready!(this.deadline.as_mut().poll(context));
                this.inner = None;
                Poll::Ready(Some(Err(BodyReadError::TooSlow)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for PacedBody {
    fn drop(&mut self) {
        let rest = self.inner.take().filter(|body| !body.is_end_stream());
        if let Some(body) = rest.filter(|_| self.worth_draining) {
            self.leftover.put(body);
        }
    }
}
