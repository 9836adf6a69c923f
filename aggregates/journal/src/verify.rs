//! Recomputes the hash chain over the whole journal, and proves that every stream is dense.

use std::collections::HashMap;

use async_trait::async_trait;
use invoiceapp_domain::StreamId;
use invoiceapp_schemas::{ChainHash, RecordedEvent, chain};
use sha2::{Digest, Sha256};

use crate::port::{Head, Journal, JournalError, READ_EVENTS_MAX};

/// Streams that are counted in one pass; a journal that may hold more is read once more for each
/// further share of them.
pub const STREAMS_PER_PASS_MAX: u64 = 1_000_000;
/// Bytes of a stream's digest that stand for its name while its versions are counted.
const STREAM_DIGEST_BYTES: usize = 16;

/// What a verification came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The head when it began: everything up to here was to be checked.
    pub head: Head,
    /// Events that were read and found right.
    pub events: u64,
    /// Streams that were found dense.
    pub streams: u64,
    /// What is wrong; nothing for a journal that is whole.
    pub fault: Option<Fault>,
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The first bad position.
    pub position: u64,
    /// What is wrong there.
    pub reason: String,
}

/// What is verified: a journal, or one that is only looked at.
#[async_trait]
pub trait Chain: Sync {
    /// The last position and its hash.
    ///
    /// # Errors
    /// [`JournalError`] when unreadable.
    async fn chain_head(&self) -> Result<Head, JournalError>;

    /// Events after a position, as [`Journal::read_all`] gives them.
    ///
    /// # Errors
    /// [`JournalError`]; never a silently short answer.
    async fn chain_page(
        &self,
        after_position: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError>;
}

#[async_trait]
impl<J: Journal + ?Sized> Chain for J {
    async fn chain_head(&self) -> Result<Head, JournalError> {
        self.head().await
    }

    async fn chain_page(
        &self,
        after_position: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        self.read_all(after_position, limit).await
    }
}

/// Whose streams can be read: a journal, or one that is only looked at.
#[async_trait]
pub trait StreamSource: Sync {
    /// Events of a stream after a version, as [`Journal::read_stream`] gives them.
    ///
    /// # Errors
    /// [`JournalError`]; never a silently short answer.
    async fn stream_page(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError>;
}

#[async_trait]
impl<J: Journal + ?Sized> StreamSource for J {
    async fn stream_page(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        self.read_stream(stream, after_version, limit).await
    }
}

/// Where the recomputation stands.
struct Walk {
    position: u64,
    hash: ChainHash,
    /// The last version seen per stream, of this pass's share of the streams.
    versions: HashMap<[u8; STREAM_DIGEST_BYTES], u64>,
}

/// Verifies the journal up to its present head, in pages. `on_progress` hears the position reached
/// and the head, once per page.
///
/// # Errors
/// [`JournalError`] when the journal cannot be read at all; damage is a [`Fault`], not an error.
pub async fn verify<C: Chain + ?Sized>(
    journal: &C,
    mut on_progress: impl FnMut(u64, u64) + Send,
) -> Result<Verification, JournalError> {
    let head = journal.chain_head().await?;
    let passes = head.position.div_ceil(STREAMS_PER_PASS_MAX).max(1);
    let mut verification = Verification {
        head,
        events: 0,
        streams: 0,
        fault: None,
    };
    for pass in 0..passes {
        let mut walk = Walk {
            position: 0,
            hash: ChainHash::GENESIS,
            versions: HashMap::new(),
        };
        let fault =
            walk_through(journal, head, (pass, passes), &mut walk, &mut on_progress).await?;
        verification.events = walk.position;
        let streams = u64::try_from(walk.versions.len()).unwrap_or(u64::MAX);
        verification.streams = verification.streams.saturating_add(streams);
        if fault.is_some() {
            verification.fault = fault;
            return Ok(verification);
        }
    }
    Ok(verification)
}

async fn walk_through<C: Chain + ?Sized>(
    journal: &C,
    head: Head,
    share: (u64, u64),
    walk: &mut Walk,
    on_progress: &mut (impl FnMut(u64, u64) + Send),
) -> Result<Option<Fault>, JournalError> {
    while walk.position < head.position {
        let page = match journal.chain_page(walk.position, READ_EVENTS_MAX).await {
            Ok(page) => page,
            Err(JournalError::Damaged { position, reason }) => {
                return Ok(Some(Fault { position, reason }));
            }
            Err(error) => return Err(error),
        };
        if page.is_empty() {
            let reason = format!(
                "the journal ends here, and its head is at {}",
                head.position
            );
            return Ok(Some(Fault {
                position: walk.position.saturating_add(1),
                reason,
            }));
        }
        for event in page
            .iter()
            .take_while(|event| event.position <= head.position)
        {
            if let Some(reason) = check(event, share, walk) {
                return Ok(Some(Fault {
                    position: walk.position.saturating_add(1),
                    reason,
                }));
            }
            walk.position = event.position;
            walk.hash = event.hash;
        }
        on_progress(walk.position, head.position);
    }
    let is_at_head = walk.hash == head.hash;
    Ok((!is_at_head).then(|| Fault {
        position: head.position,
        reason: "its hash is not the one that the head has".to_owned(),
    }))
}

fn check(event: &RecordedEvent, (pass, passes): (u64, u64), walk: &mut Walk) -> Option<String> {
    if event.position != walk.position.saturating_add(1) {
        return Some("it is missing".to_owned());
    }
    if chain(walk.hash, event) != event.hash {
        return Some("its content does not give its hash".to_owned());
    }
    let (digest, number) = digest_of(&event.stream);
    if number % passes != pass {
        return None;
    }
    let before = walk.versions.insert(digest, event.version).unwrap_or(0);
    let is_next = event.version == before.saturating_add(1);
    (!is_next).then(|| {
        format!(
            "{} goes from version {before} to {}",
            event.stream, event.version
        )
    })
}

/// A short name for a stream, and a number that shares the streams out evenly.
fn digest_of(stream: &StreamId) -> ([u8; STREAM_DIGEST_BYTES], u64) {
    let full = Sha256::digest(stream.to_string().as_bytes());
    let mut digest = [0; STREAM_DIGEST_BYTES];
    let mut number = [0; 8];
    for (to, from) in digest.iter_mut().zip(&full) {
        *to = *from;
    }
    for (to, from) in number.iter_mut().zip(&full) {
        *to = *from;
    }
    (digest, u64::from_be_bytes(number))
}
