//! How long an answer is waited for. What a client takes to send its request's body is the client's
//! time: the clock of the answer stands still while the next piece of it is awaited, and begins anew
//! with every piece. So neither a service nor a front door answers for a slow upload, and a slow
//! upload does not pass for a slow service.

use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::paced::is_too_slow;
use crate::code::Code;
use crate::problem::Problem;

/// How long is waited for a client, and how long for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the whole body of a request.
    pub body: Duration,
    /// For the answer, from the last piece of the body.
    pub answer: Duration,
}

/// Why a body did not come in whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFailure {
    /// It came in too slowly.
    TooSlow,
    /// The client is gone, or has sent what is no body.
    Broken,
}

impl BodyFailure {
    /// What an error of a body that a server has handed out means.
    #[must_use]
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        if is_too_slow(error) {
            Self::TooSlow
        } else {
            Self::Broken
        }
    }

    /// How the client is told: 408 or 400.
    #[must_use]
    pub fn problem(self) -> Problem {
        match self {
            Self::TooSlow => Problem::new(Code::RequestTimeout),
            Self::Broken => {
                Problem::new(Code::MalformedRequest).with_detail("The body did not come in whole.")
            }
        }
    }
}

/// The clock of one answer. Clones show the same time.
#[derive(Debug, Clone)]
pub struct AnswerClock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    started: Instant,
    progress: Mutex<Progress>,
    failed: Notify,
}

#[derive(Debug, Clone, Copy)]
struct Progress {
    body: BodyProgress,
    /// When the body last moved.
    since: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyProgress {
    /// There is more, and it is not asked for.
    Held,
    /// The next piece is awaited.
    Awaited,
    /// Nothing more is wanted of it.
    Over,
    Failed(BodyFailure),
}

impl AnswerClock {
    /// A clock that runs from now on.
    #[must_use]
    pub fn start() -> Self {
        let started = Instant::now();
        let progress = Progress {
            body: BodyProgress::Over,
            since: started,
        };
        Self(Arc::new(Shared {
            started,
            progress: Mutex::new(progress),
            failed: Notify::new(),
        }))
    }

    /// The same body, with its pieces under the eyes of the clock.
    pub fn watch(&self, body: Body) -> Body {
        if body.is_end_stream() {
            return body;
        }
        self.body_is(BodyProgress::Held);
        Body::new(WatchedBody {
            inner: body,
            clock: self.clone(),
        })
    }

    /// Comes to its end when the answer is late; never while the body is awaited, unless whoever
    /// waits for it has long forgotten it.
    pub async fn late(&self, patience: Patience) {
        loop {
            let (progress, now) = (*self.progress(), Instant::now());
            let awaited = progress.body == BodyProgress::Awaited;
            let due = if awaited {
                self.0.started + patience.body + patience.answer
            } else {
                progress.since + patience.answer
            };
            if due <= now {
                return;
            }
            // A body that is awaited now may come at any time, and the answer is due after it.
            let look_again = if awaited {
                due.min(now + patience.answer)
            } else {
                due
            };
            sleep_until(look_again).await;
        }
    }

    /// Why the body has failed, if it has.
    #[must_use]
    pub fn body_failure(&self) -> Option<BodyFailure> {
        match self.progress().body {
            BodyProgress::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// Comes to its end when the body has failed, or has not come in whole within that time.
    pub async fn body_failed(&self, at_most: Duration) -> BodyFailure {
        let failed = async {
            loop {
                if let Some(failure) = self.body_failure() {
                    return failure;
                }
                self.0.failed.notified().await;
            }
        };
        let out_of_time = async {
            sleep(at_most).await;
            if self.progress().body == BodyProgress::Over {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            failure = failed => failure,
            () = out_of_time => BodyFailure::TooSlow,
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        let progress = self.0.progress.lock();
        progress.unwrap_or_else(PoisonError::into_inner)
    }

    fn body_is(&self, body: BodyProgress) {
        *self.progress() = Progress {
            body,
            since: Instant::now(),
        };
        if matches!(body, BodyProgress::Failed(_)) {
            self.0.failed.notify_one();
        }
    }
}

/// A body that tells its clock how far it is.
#[derive(Debug)]
struct WatchedBody {
    inner: Body,
    clock: AnswerClock,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        self.clock.body_is(match &polled {
            Poll::Pending => BodyProgress::Awaited,
            Poll::Ready(Some(Ok(_))) if self.inner.is_end_stream() => BodyProgress::Over,
            Poll::Ready(Some(Ok(_))) => BodyProgress::Held,
            Poll::Ready(None) => BodyProgress::Over,
            Poll::Ready(Some(Err(error))) => BodyProgress::Failed(BodyFailure::of(error)),
        });
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for WatchedBody {
    /// What is not wanted any more is not awaited either.
    fn drop(&mut self) {
        let state = self.clock.progress().body;
        if matches!(state, BodyProgress::Held | BodyProgress::Awaited) {
            self.clock.body_is(BodyProgress::Over);
        }
    }
}
