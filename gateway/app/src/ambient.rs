//! The machine's clock and randomness: the only place where the program reads them.

use invoiceapp_domain::Ambient;
use jiff::Timestamp;
use uuid::Uuid;

/// Reads the machine's clock; ids are UUIDv7.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MachineAmbient;

impl Ambient for MachineAmbient {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the port's one real implementation"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the port's one real implementation"
    )]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}
