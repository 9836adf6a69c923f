//! Work that goes on when whoever waits for it goes away.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;

/// A future that is done by whoever waits for it, and by a task of its own from the moment when nobody
/// does. A task for each from the beginning would do the same, and nearly none of them needs one.
pub(super) struct Carried<F>(Option<Pin<Box<F>>>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static;

impl<F> Carried<F>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    pub(super) fn new(work: F) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<F> Future for Carried<F>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.0 else {
            // Its outcome was given already.
            return Poll::Pending;
        };
        let outcome = ready!(work.as_mut().poll(context));
        self.0 = None;
        Poll::Ready(outcome)
    }
}

impl<F> Drop for Carried<F>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn drop(&mut self) {
        // Without a runtime the process is about to end, and nothing that was not committed goes on.
        if let Some(work) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(work);
        }
    }
}
