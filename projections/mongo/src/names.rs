//! Names in the database: a collection per kind, the fields of its documents, and its indexes.

use invoiceapp_domain::StreamKind;
use invoiceapp_projections::views::{self, fields_of};
use mongodb::IndexModel;
use mongodb::bson::{Document, doc};

/// The tenant: every query but the login's begins with it.
pub(crate) const TENANT: &str = "tenant";
/// The stream's key.
pub(crate) const KEY: &str = "key";
/// The stream's version that the document has seen: the guard of every write.
pub(crate) const VERSION: &str = "version";
/// The position of the last event.
pub(crate) const POSITION: &str = "position";
/// The position of the first event: the order of lists.
pub(crate) const CREATED: &str = "created";
/// The folded stream, as the text that every view store keeps. As text, because a number or a
/// name in it must come back as it was, and because nested arrays are not to be had everywhere.
pub(crate) const JSON: &str = "json";
/// The line in the number register.
pub(crate) const NUMBER: &str = "number";
/// What the document adds to the dashboard.
pub(crate) const BUCKETS: &str = "buckets";

/// The field of a document in which an index field stands; a top-level one, because FerretDB hands
/// only those down to its own database.
pub(crate) fn index_field(name: &str) -> String {
    format!("f_{name}")
}

/// Whether documents of a kind have that index field; one that they do not have compares as absent.
pub(crate) fn has_field(kind: StreamKind, name: &str) -> bool {
    fields_of(kind).contains(&name)
}

/// Index fields beside the first that lists ask for by equality, and that few documents share.
const SELECTIVE: [(StreamKind, &str); 1] = [(StreamKind::Invoice, views::invoice::STATE)];

/// The indexes of a kind's collection. That an identity is unique is what `_id` sees to.
pub(crate) fn indexes(kind: StreamKind) -> Vec<IndexModel> {
    let mut keys: Vec<Document> = vec![doc! { TENANT: 1, CREATED: -1 }];
    if let Some(first) = fields_of(kind).first() {
        // Looked up exactly, in one tenant or across all: a number, a SKU, an e-mail address.
        keys.push(doc! { index_field(first): 1, TENANT: 1, CREATED: -1 });
    }
    for (_, field) in SELECTIVE.iter().filter(|(of, _)| *of == kind) {
        keys.push(doc! { TENANT: 1, index_field(field): 1, CREATED: -1 });
    }
    if kind == StreamKind::Invoice {
        keys.push(doc! { TENANT: 1, "number.series": 1, "number.place": 1 });
    }
    let models = keys.into_iter();
    models
        .map(|keys| IndexModel::builder().keys(keys).build())
        .collect()
}
