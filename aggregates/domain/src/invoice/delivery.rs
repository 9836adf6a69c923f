//! What became of sending a document to somebody.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ordered::Keyed;
use crate::ids::DeliveryId;
use crate::locale::Locale;
use crate::party::EmailAddress;
use crate::text::{Note, Reference};

/// What is known about one recipient. A later fact outranks an earlier one; a report that says
/// nothing new is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryOutcome {
    /// The connection broke where nobody can tell whether the mail was taken.
    Uncertain,
    /// The receiving server refused it for good.
    Rejected,
    /// The receiving server took it.
    Accepted,
    /// It is known to have reached the mailbox.
    Delivered,
    /// It came back.
    Bounced,
}

impl DeliveryOutcome {
    /// Whether it did not arrive.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Rejected | Self::Bounced)
    }
}

/// One recipient of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientDelivery {
    /// The address.
    pub recipient: EmailAddress,
    /// What is known; nothing until the first report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<DeliveryOutcome>,
    /// The mail system's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_ref: Option<Reference>,
}

/// One request to deliver a document, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its identity.
    pub delivery_id: DeliveryId,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// The language of mail and rendering.
    pub locale: Locale,
    /// Words of the sender's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Note>,
    /// To whom.
    pub recipients: Vec<RecipientDelivery>,
}

impl Keyed for Delivery {
    type Key = DeliveryId;
    fn key(&self) -> DeliveryId {
        self.delivery_id
    }
}

impl Delivery {
    /// What is known of one recipient.
    #[must_use]
    pub fn recipient(&self, address: &EmailAddress) -> Option<&RecipientDelivery> {
        self.recipients
            .iter()
            .find(|known| known.recipient == *address)
    }
}
