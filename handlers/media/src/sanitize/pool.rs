//! Decoding off the async threads: few at once, and none for ever. Whoever brings a file takes a
//! place in the queue first, so that what waits for a turn is bounded as well.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use invoiceapp_domain::TenantId;
use invoiceapp_domain::media::{ContentType, PixelSize};
use tokio::sync::Semaphore;

use super::error::SanitizeError;
use super::places::{Place, Places};
use super::{Sanitized, sanitize, thumbnail};

/// Files that are decoded at the same time: each may take
/// [`DECODED_BYTES_MAX`](super::DECODED_BYTES_MAX) of memory.
pub const DECODES_AT_ONCE_MAX: usize = 2;
/// Longest time that decoding one file may take.
pub const DECODE_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest wait for a turn.
pub const DECODE_WAIT_MAX: Duration = Duration::from_secs(10);

/// Runs decoders on threads of their own. Cheap to clone; the clones share turns and places.
#[derive(Debug, Clone)]
pub struct Sanitizer {
    turns: Arc<Semaphore>,
    places: Places,
}

impl Default for Sanitizer {
    fn default() -> Self {
        Self::new()
    }
}

impl Sanitizer {
    /// With [`DECODES_AT_ONCE_MAX`] turns and [`UPLOADS_AT_ONCE_MAX`](super::UPLOADS_AT_ONCE_MAX)
    /// places.
    #[must_use]
    pub fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(DECODES_AT_ONCE_MAX)),
            places: Places::default(),
        }
    }

    /// A place in the queue, for a file of that tenant that has not been read yet.
    ///
    /// # Errors
    /// [`SanitizeError::Busy`] when all are taken, or all that one tenant may take.
    pub fn place(&self, tenant: &TenantId) -> Result<Place, SanitizeError> {
        self.places.take(tenant)
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
