//! Why the relay stopped its session, or the feed has no answer.

use invoiceapp_avro::CodecError;
use invoiceapp_journal::port::JournalError;
use rdkafka::error::KafkaError;
use thiserror::Error;

/// Why a session of the relay ended. It takes part again by itself, whatever the reason.
#[derive(Debug, Error)]
pub enum RelayError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The broker refuses, or does not answer.
    #[error("the broker is unavailable")]
    Broker(#[from] KafkaError),
    /// The lease cannot be read or written.
    #[error("the lease cannot be reached")]
    Lease(#[from] LeaseError),
    /// Another relay has the lease now.
    #[error("another relay has taken over")]
    Fenced,
    /// The partitions are not as they were left: the broker has lost what it had acknowledged.
    #[error("partition {partition} of {topic} ends before what was written to it")]
    TailLost {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// A topic is not as it has to be.
    #[error("topic {topic} {problem}")]
    Topic {
        /// The topic.
        topic: String,
        /// What is wrong.
        problem: String,
    },
    /// The schema registry has no id now.
    #[error("the event at position {position} cannot be encoded now")]
    Registry {
        /// The event's position.
        position: u64,
        /// Why not.
        #[source]
        source: CodecError,
    },
    /// An event cannot be encoded: the line stands still until it can, and nothing is skipped.
    #[error("the event at position {position} cannot be encoded")]
    Unencodable {
        /// The event's position.
        position: u64,
        /// Why not.
        #[source]
        source: CodecError,
    },
    /// A thread of ours ended early.
    #[error("a task ended early")]
    Task(#[from] tokio::task::JoinError),
}

/// Why the lease could not be asked about.
#[derive(Debug, Error)]
pub enum LeaseError {
    /// The database refuses, or is away.
    #[error("the database is unavailable")]
    Database(#[from] sqlx::Error),
    /// The database did not answer in time.
    #[error("the database did not answer in time")]
    Deadline(#[from] tokio::time::error::Elapsed),
    /// What is stored is not what we write.
    #[error("the stored progress cannot be read")]
    Stored(#[from] serde_json::Error),
}
