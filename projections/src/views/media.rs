//! The media view: read by key and listed whole.

use invoiceapp_domain::media::Media;
use invoiceapp_journal::loaded::Loaded;

use crate::document::{FieldValue, Indexed};

impl Indexed for Media {
    const FIELDS: &'static [&'static str] = &[];

    fn fields(_: &Loaded<Self>) -> Vec<FieldValue> {
        Vec::new()
    }
}
