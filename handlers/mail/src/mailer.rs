//! The port to whatever takes mails in: a folder, or a mail server.

use std::fmt;

use async_trait::async_trait;
use invoiceapp_domain::party::EmailAddress;
use jiff::Timestamp;
use thiserror::Error;
use uuid::Uuid;

/// Largest message that is handed to a mailer, in bytes: a PDF of the largest stored size, encoded.
pub const MESSAGE_BYTES_MAX: usize = 32 << 20;

/// Who a message goes to and which one it is. All of it is the same on every attempt.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Identifies the message for ever: the job's id, and the left side of its Message-ID.
    pub id: Uuid,
    /// When the message was asked for: its `Date`.
    pub requested_at: Timestamp,
    /// Where a bounce goes (RFC 5321, reverse-path), and who the mail is from.
    pub from: EmailAddress,
    /// Where an answer goes: the seller as of the issue, whoever sends for them.
    pub reply_to: EmailAddress,
    /// The one recipient (RFC 5321, forward-path).
    pub to: EmailAddress,
}

impl fmt::Debug for Envelope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Addresses are personal data.
        formatter
            .debug_struct("Envelope")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The other side has taken responsibility for the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// How the other side calls it: a file name, a queue id.
    pub reference: String,
}

/// Why a message was not accepted.
#[derive(Debug, Error)]
pub enum SendError {
    /// Not now; the same message may be sent again.
    #[error("the mail could not be handed over now")]
    Transient(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Never in this form: sending it again cannot help.
    #[error("the mail was refused: {reason}")]
    Permanent {
        /// The other side's word, without personal data.
        reason: String,
    },
    /// The connection was lost after the message was sent and before the answer: it may have been
    /// accepted, and nobody can find out (RFC 1047).
    #[error("whether the mail was accepted is not known")]
    Uncertain(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Takes messages in. Every adapter passes [`crate::conformance`].
#[async_trait]
pub trait Mailer: Send + Sync + fmt::Debug {
    /// Hands one message over. `message` is a complete RFC 5322 message with CRLF line ends.
    /// Success means that the other side holds it durably.
    ///
    /// # Errors
    /// [`SendError`].
    async fn send(&self, envelope: &Envelope, message: &[u8]) -> Result<Accepted, SendError>;

    /// Whether a message that is sent again is known to arrive only once. If so, a process that dies
    /// while it sends leaves no doubt behind.
    fn absorbs_repeats(&self) -> bool {
        false
    }

    /// Tries whether messages would be taken, without sending one.
    ///
    /// # Errors
    /// [`SendError::Transient`] when not.
    async fn check(&self) -> Result<(), SendError>;
}
