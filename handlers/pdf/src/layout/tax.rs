//! How VAT is called.

use super::compose::Composer;
use crate::i18n::percent;
use invoiceapp_domain::tax::{Vat, VatCategory};

impl Composer<'_> {
    /// VAT with its rate: `VAT 19%`.
    pub(crate) fn tax_name(&self, vat: Vat) -> String {
        format!("{} {}", self.labels.tax, self.tax_rate(vat))
    }

    /// The rate, which is zero wherever no VAT is charged.
    pub(crate) fn tax_rate(&self, vat: Vat) -> String {
        percent(vat.rate(), self.document.locale)
    }

    /// Why no VAT is charged, in the words that the law of the language's country wants.
    pub(crate) fn tax_category(&self, category: VatCategory) -> Option<&'static str> {
        let labels = self.labels;
        match category {
            VatCategory::Standard => None,
            VatCategory::ZeroRated => Some(labels.zero_rated),
            VatCategory::Exempt => Some(labels.exempt),
            VatCategory::ReverseCharge => Some(labels.reverse_charge),
            VatCategory::IntraCommunity => Some(labels.intra_community),
            VatCategory::Export => Some(labels.export),
            VatCategory::OutsideScope => Some(labels.out_of_scope),
        }
    }
}
