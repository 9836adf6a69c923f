//! The product view.

use invoiceapp_domain::product::{Product, ProductStatus};
use invoiceapp_journal::loaded::Loaded;

use crate::document::{FieldValue, Indexed};

/// The product's code; the first field, looked up exactly.
pub const SKU: &str = "sku";
/// 1 when archived, 0 when on sale.
pub const ARCHIVED: &str = "archived";
/// Everything that `q` looks in, in lower case.
pub const SEARCH: &str = "search";

impl Indexed for Product {
    const FIELDS: &'static [&'static str] = &[SKU, ARCHIVED, SEARCH];

    fn fields(loaded: &Loaded<Self>) -> Vec<FieldValue> {
        let record = loaded.state.record();
        let archived = record.map(|record| i64::from(record.status == ProductStatus::Archived));
        let search = record.map(|record| format!("{}\n{}", record.sku, record.name).to_lowercase());
        vec![
            record.map(|record| record.sku.as_str()).into(),
            archived.into(),
            search.into(),
        ]
    }
}
