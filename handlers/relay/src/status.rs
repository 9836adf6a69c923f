//! What can be seen of a relay from outside: for health, metrics and `relay status`.

/// What the relay is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Phase {
    /// Another relay has the lease, or nothing was tried yet.
    #[default]
    Waiting,
    /// It publishes.
    Publishing,
    /// Something is away; it tries again.
    Failing {
        /// What is wrong.
        reason: String,
    },
    /// An event cannot be encoded. It is tried again now and then, and never skipped.
    Halted {
        /// The event's position.
        position: u64,
        /// What is wrong with it.
        reason: String,
    },
}

/// How far a relay is, and what it is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RelayStatus {
    /// What it is doing.
    pub phase: Phase,
    /// Every event up to here is on the topics.
    pub position: u64,
    /// The newest event of the journal that it knows of.
    pub head: u64,
    /// How many records it sent since it was started.
    pub sent: u64,
    /// How often a partition had lost what was written to it.
    pub tails_lost: u64,
}

impl RelayStatus {
    /// How many events are not on the topics yet.
    #[must_use]
    pub const fn lag(&self) -> u64 {
        self.head.saturating_sub(self.position)
    }
}
