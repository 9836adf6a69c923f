//! What a client sends about number series.

use deserr::Deserr;
use invoiceapp_domain::numbering::{
    NumberPrefix, SeriesPurpose, SeriesReset, SeriesSnapshot, Template,
};
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_http::{BodyErrors, Text};
use utoipa::ToSchema;

/// A number series to define. It cannot be changed afterwards.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
#[schema(as = NewNumberSeries)]
pub(crate) struct SeriesBody {
    /// Upper-case letters, digits, `_` and `-`.
    #[schema(value_type = String, example = "SHOP")]
    pub(crate) code: Text<SeriesCode>,
    /// How a number is put together: `{PREFIX}`, `{YYYY}`, `{YY}`, `{MM}`, `{SEQ:n}`.
    #[schema(value_type = String, example = "{PREFIX}{YYYY}{MM}{SEQ:5}")]
    pub(crate) template: Text<Template>,
    /// What stands for `{PREFIX}`; the code and a hyphen when absent.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) prefix: Option<Text<NumberPrefix>>,
    /// When it starts again: `never`, `year` or `month`.
    #[schema(value_type = String, example = "year")]
    pub(crate) reset: Text<SeriesReset>,
    /// The first sequence number of each period; 1 when absent.
    #[deserr(default)]
    pub(crate) first_number: Option<u64>,
    /// Which documents it numbers: `invoice` or `credit_note`.
    #[deserr(rename = "for")]
    #[schema(rename = "for", value_type = String, example = "invoice")]
    pub(crate) purpose: Text<SeriesPurpose>,
}

impl SeriesBody {
    /// As the domain takes it.
    pub(crate) fn into_snapshot(self) -> SeriesSnapshot {
        let code = self.code.0;
        let prefix = Text::optional(self.prefix).unwrap_or_else(|| NumberPrefix::of_code(&code));
        SeriesSnapshot {
            template: self.template.0,
            prefix,
            reset: self.reset.0,
            first_number: self.first_number.unwrap_or(1),
            purpose: self.purpose.0,
            code,
        }
    }
}
