//! What can go wrong when a view is read or written.

use thiserror::Error;

use crate::dashboard::CounterOverflow;

/// The store or a document failed.
#[derive(Debug, Error)]
pub enum ViewError {
    /// The store cannot be read or written now.
    #[error("the view store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A stored document cannot be read by the compiled types.
    #[error("the document of {stream} cannot be read")]
    Undecodable {
        /// Which stream.
        stream: String,
        #[source]
        /// Why.
        source: serde_json::Error,
    },
    /// The view has not reached the position that the caller has seen.
    #[error("the view has not reached position {wanted}")]
    Behind {
        /// The position asked for.
        wanted: u64,
    },
    /// So many streams are parked that no more of them can be kept apart: the views stand still
    /// until some are healed, because going on would lose events in silence.
    #[error("more than {max} streams are parked")]
    TooManyParked {
        /// Most that are kept.
        max: u32,
    },
    /// A counter would be wrong; it is not written instead.
    #[error(transparent)]
    Overflow(#[from] CounterOverflow),
}

impl ViewError {
    /// Wraps a driver's error.
    pub fn unavailable(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Box::new(source))
    }
}
