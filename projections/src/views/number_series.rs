//! The number series view: read by key and listed whole.

use invoiceapp_domain::numbering::NumberSeries;
use invoiceapp_journal::loaded::Loaded;

use crate::document::{FieldValue, Indexed};

impl Indexed for NumberSeries {
    const FIELDS: &'static [&'static str] = &[];

    fn fields(_: &Loaded<Self>) -> Vec<FieldValue> {
        Vec::new()
    }
}
