//! What the service and the reactor are made of.

use std::sync::Arc;

use invoiceapp_domain::Ambient;
use invoiceapp_journal::execute::CommandExecutor;
use invoiceapp_objects::Objects;

use crate::sanitize::Sanitizer;

/// The parts of the media service and of its reactor; cheap to clone.
#[derive(Debug, Clone)]
pub struct MediaParts {
    /// Loads streams and executes commands.
    pub executor: CommandExecutor,
    /// Where the bytes are.
    pub objects: Arc<dyn Objects>,
    /// Time and identity.
    pub ambient: Arc<dyn Ambient>,
    /// Decodes uploads; its clones share their turns.
    pub sanitizer: Sanitizer,
}
