//! The organization view: read by key and listed whole.

use invoiceapp_domain::organization::Organization;
use invoiceapp_journal::loaded::Loaded;

use crate::document::{FieldValue, Indexed};

impl Indexed for Organization {
    const FIELDS: &'static [&'static str] = &[];

    fn fields(_: &Loaded<Self>) -> Vec<FieldValue> {
        Vec::new()
    }
}
