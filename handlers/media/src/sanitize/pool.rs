//! Decoding off the async threads: few at once, and none for ever. Whoever brings a file takes a
//! place in the queue first, so that what waits for a turn is bounded as well.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use invoiceapp_domain::media::{ContentType, PixelSize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::SanitizeError;
use super::{Sanitized, sanitize, thumbnail};

/// Files that are decoded at the same time: each may take
/// [`DECODED_BYTES_MAX`](super::DECODED_BYTES_MAX) of memory.
pub const DECODES_AT_ONCE_MAX: usize = 2;
/// Uploads that are read, wait for a turn or are decoded at the same time: each holds a file of up
/// to [`UPLOAD_BYTES_MAX`](super::UPLOAD_BYTES_MAX) in memory. One more is refused at once.
pub const UPLOADS_AT_ONCE_MAX: usize = 8;
/// Longest time that decoding one file may take.
pub const DECODE_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest wait for a turn.
pub const DECODE_WAIT_MAX: Duration = Duration::from_secs(10);

/// The place of one upload in the queue, taken before its body is read and kept until its file is
/// let go of. It ends when it is dropped.
#[derive(Debug)]
#[must_use = "the place ends when it is dropped"]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

/// Runs decoders on threads of their own. Cheap to clone; the clones share turns and places.
#[derive(Debug, Clone)]
pub struct Sanitizer {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Sanitizer {
    fn default() -> Self {
        Self::new()
    }
}

impl Sanitizer {
    /// With [`DECODES_AT_ONCE_MAX`] turns and [`UPLOADS_AT_ONCE_MAX`] places.
    #[must_use]
    pub fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(DECODES_AT_ONCE_MAX)),
            places: Arc::new(Semaphore::new(UPLOADS_AT_ONCE_MAX)),
        }
    }

    /// A place in the queue, for a file that has not been read yet.
    ///
    /// # Errors
    /// [`SanitizeError::Busy`] when all are taken.
    pub fn place(&self) -> Result<Place, SanitizeError> {
        let permit = Arc::clone(&self.places).try_acquire_owned();
        let permit = permit.map_err(|_| SanitizeError::Busy)?;
        Ok(Place { _permit: permit })
    }

    /// [`sanitize`], off this thread.
    ///
    /// # Errors
    /// [`SanitizeError`].
    pub async fn sanitize(&self, bytes: Bytes) -> Result<Sanitized, SanitizeError> {
        self.run(move || sanitize(&bytes)).await
    }

    /// [`thumbnail`], off this thread.
    ///
    /// # Errors
    /// [`SanitizeError`].
    pub async fn thumbnail(
        &self,
        bytes: Bytes,
        content_type: ContentType,
    ) -> Result<(Vec<u8>, PixelSize), SanitizeError> {
        self.run(move || thumbnail(&bytes, content_type)).await
    }

    async fn run<T, F>(&self, decode: F) -> Result<T, SanitizeError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, SanitizeError> + Send + 'static,
    {
        let turn = tokio::time::timeout(DECODE_WAIT_MAX, Arc::clone(&self.turns).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            return Err(SanitizeError::Busy);
        };
        let decoding = tokio::task::spawn_blocking(move || {
            // A thread cannot be stopped: the turn ends when it does, not when its caller gives up.
            let _turn = turn;
            decode()
        });
        match tokio::time::timeout(DECODE_TIME_MAX, decoding).await {
            Ok(Ok(outcome)) => outcome,
            // A decoder that panics has met a file that nobody should have to open.
            Ok(Err(_panicked)) => Err(SanitizeError::Damaged),
            Err(_elapsed) => Err(SanitizeError::TooSlow),
        }
    }
}
