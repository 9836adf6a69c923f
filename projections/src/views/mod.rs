//! One file per view: which fields its lists filter by, and what else is derived from a document.

use invoiceapp_domain::StreamKind;
use invoiceapp_domain::invoice::Invoice;
use invoiceapp_domain::media::Media;
use invoiceapp_domain::numbering::NumberSeries;
use invoiceapp_domain::organization::Organization;
use invoiceapp_domain::product::Product;
use invoiceapp_domain::role::Role;
use invoiceapp_domain::user::User;
use invoiceapp_journal::loaded::{FoldError, Loaded};
use invoiceapp_schemas::RecordedEvent;
use thiserror::Error;

use crate::dashboard::{Bucket, difference};
use crate::document::{Document, Indexed};
use crate::error::ViewError;
use crate::store::Change;

pub mod invoice;
pub mod media;
pub mod number_series;
pub mod organization;
pub mod product;
pub mod role;
pub mod user;

/// Why a run of events could not be folded.
#[derive(Debug, Error)]
pub enum ViewFoldError {
    /// An event does not fit.
    #[error("the event at position {position} cannot be folded")]
    Event {
        /// Where it stands.
        position: u64,
        /// Why not.
        #[source]
        source: FoldError,
    },
    /// The stored document cannot be read, or the new one not written.
    #[error(transparent)]
    View(#[from] ViewError),
    /// There is neither a document nor an event.
    #[error("the stream has no event")]
    Empty,
}

/// The same expression for the aggregate of a kind.
macro_rules! for_kind {
    ($kind:expr, $aggregate:ident => $body:expr) => {
        for_kind!(@match $kind, $aggregate => $body;
            Invoice, Product, User, Role, Organization, NumberSeries, Media)
    };
    (@match $kind:expr, $aggregate:ident => $body:expr; $($name:ident),+) => {
        match $kind {
            $(StreamKind::$name => {
                type $aggregate = $name;
                $body
            })+
        }
    };
}

/// Folds events of one stream, in order, into its document: pure.
///
/// # Errors
/// [`ViewFoldError`]; the caller parks the stream.
pub fn fold(
    kind: StreamKind,
    current: Option<&Document>,
    events: &[RecordedEvent],
) -> Result<Change, ViewFoldError> {
    for_kind!(kind, A => fold_as::<A>(current, events))
}

/// What has to be written for a document to take the place of another of its stream: pure.
///
/// # Errors
/// [`ViewFoldError::View`] when one of them cannot be read.
pub fn replace(current: Option<&Document>, document: &Document) -> Result<Change, ViewFoldError> {
    for_kind!(document.kind(), A => {
        let before = current.map(Document::loaded::<A>).transpose()?;
        change(before.as_ref(), &document.loaded::<A>()?)
    })
}

/// All that a document adds to its tenant's dashboard: pure.
///
/// # Errors
/// [`ViewError::Undecodable`] when the document cannot be read.
pub fn contributions(document: &Document) -> Result<Vec<Bucket>, ViewError> {
    for_kind!(document.kind(), A => Ok(A::buckets(&document.loaded::<A>()?)))
}

/// The index fields of a kind, in the order in which documents carry them.
#[must_use]
pub const fn fields_of(kind: StreamKind) -> &'static [&'static str] {
    for_kind!(kind, A => A::FIELDS)
}

fn fold_as<A: Indexed>(
    current: Option<&Document>,
    events: &[RecordedEvent],
) -> Result<Change, ViewFoldError> {
    let before: Option<Loaded<A>> = current.map(Document::loaded).transpose()?;
    let mut folded = before.clone();
    for event in events {
        let position = event.position;
        let next = Loaded::fold(folded, event);
        folded = Some(next.map_err(|source| ViewFoldError::Event { position, source })?);
    }
    change(before.as_ref(), &folded.ok_or(ViewFoldError::Empty)?)
}

fn change<A: Indexed>(
    before: Option<&Loaded<A>>,
    after: &Loaded<A>,
) -> Result<Change, ViewFoldError> {
    let contributed = before.map(A::buckets).unwrap_or_default();
    let buckets = difference(&contributed, &A::buckets(after)).map_err(ViewError::from)?;
    Ok(Change {
        document: Document::of(after)?,
        replaces: before.map_or(0, |before| before.version),
        buckets,
        number: A::number(after),
    })
}
