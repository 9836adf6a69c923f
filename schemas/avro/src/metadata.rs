//! What is published of an event's metadata inside the value. Correlation, causation and trace
//! context are headers; the claims stay in the journal, because they repeat personal data.

use invoiceapp_domain::{Actor, AllocatedNumber};
use invoiceapp_schemas::CommandId;
use serde::{Deserialize, Serialize};

/// The record `metadata` of every published event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventMetadata {
    /// Who caused the event.
    pub actor: Actor,
    /// The command that it came of.
    pub command_id: CommandId,
    /// The number that was allotted in the same commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<AllocatedNumber>,
}
