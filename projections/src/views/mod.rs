//! One file per view: which fields its lists filter by, and what the dashboard takes from it.

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

use crate::dashboard::Bucket;
use crate::document::{Document, Indexed};
use crate::error::ViewError;

pub mod invoice;
pub mod media;
pub mod number_series;
pub mod organization;
pub mod product;
pub mod role;
pub mod user;

/// A document before and after a run of events of its stream.
#[derive(Debug)]
pub struct Folded {
    /// The document as it is to be.
    pub document: Document,
    /// What it contributed to the dashboard before.
    pub before: Vec<Bucket>,
    /// What it contributes now.
    pub after: Vec<Bucket>,
}

/// Why a run of events could not be folded.
#[derive(Debug, thiserror::Error)]
pub enum ViewFoldError {
    /// An event does not fit.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The stored document cannot be read or the new one not written.
    #[error(transparent)]
    View(#[from] ViewError),
}

/// Folds events of one stream, in order, into its document: pure.
///
/// # Errors
/// [`ViewFoldError`]; the caller parks the stream.
pub fn fold(
    kind: StreamKind,
    current: Option<&Document>,
    events: &[RecordedEvent],
) -> Result<Folded, ViewFoldError> {
    match kind {
        StreamKind::Invoice => {
            fold_with::<Invoice>(current, events, invoice::dashboard_contribution)
        }
        StreamKind::Product => fold_with::<Product>(current, events, no_contribution),
        StreamKind::User => fold_with::<User>(current, events, no_contribution),
        StreamKind::Role => fold_with::<Role>(current, events, no_contribution),
        StreamKind::Organization => fold_with::<Organization>(current, events, no_contribution),
        StreamKind::NumberSeries => fold_with::<NumberSeries>(current, events, no_contribution),
        StreamKind::Media => fold_with::<Media>(current, events, no_contribution),
    }
}

/// The index fields of a kind, in the order in which documents carry them.
#[must_use]
pub const fn fields_of(kind: StreamKind) -> &'static [&'static str] {
    match kind {
        StreamKind::Invoice => Invoice::FIELDS,
        StreamKind::Product => Product::FIELDS,
        StreamKind::User => User::FIELDS,
        StreamKind::Role => Role::FIELDS,
        StreamKind::Organization => Organization::FIELDS,
        StreamKind::NumberSeries => NumberSeries::FIELDS,
        StreamKind::Media => Media::FIELDS,
    }
}

const fn no_contribution<A: Indexed>(_: &Loaded<A>) -> Vec<Bucket> {
    Vec::new()
}

fn fold_with<A: Indexed>(
    current: Option<&Document>,
    events: &[RecordedEvent],
    contribution: fn(&Loaded<A>) -> Vec<Bucket>,
) -> Result<Folded, ViewFoldError> {
    let mut loaded: Option<Loaded<A>> = current.map(Document::loaded).transpose()?;
    let before = loaded.as_ref().map(contribution).unwrap_or_default();
    let mut folded = loaded.take();
    for event in events {
        folded = Some(Loaded::fold(folded, event)?);
    }
    let Some(loaded) = folded else {
        return Err(ViewFoldError::View(ViewError::Behind { wanted: 0 }));
    };
    let after = contribution(&loaded);
    Ok(Folded {
        document: Document::of(&loaded)?,
        before,
        after,
    })
}
