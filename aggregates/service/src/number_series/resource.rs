//! A number series as the API shows it.

use invoiceapp_domain::numbering::NumberSeries;
use invoiceapp_journal::loaded::Loaded;
use serde::Serialize;
use utoipa::ToSchema;

/// A number series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NumberSeries)]
pub(crate) struct SeriesResource {
    /// Its code.
    pub(crate) code: String,
    /// How a number is put together.
    pub(crate) template: String,
    /// What stands for `{PREFIX}`.
    pub(crate) prefix: String,
    /// When it starts again.
    pub(crate) reset: String,
    /// The first sequence number of each period.
    pub(crate) first_number: u64,
    /// Which documents it numbers.
    #[serde(rename = "for")]
    pub(crate) purpose: String,
    /// The highest number that it has given, which is also the last; `null` before the first.
    #[schema(example = "INV-2026-00001")]
    pub(crate) last_number: Option<String>,
    /// How many events it has seen.
    pub(crate) version: u64,
    /// The journal position of the last of them.
    pub(crate) position: u64,
    /// When it was defined, RFC 3339.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
}

/// The series, once defined, with the last number that it has given.
pub(crate) fn render(
    loaded: &Loaded<NumberSeries>,
    last_number: Option<String>,
) -> Option<SeriesResource> {
    let series = loaded.state.snapshot()?;
    Some(SeriesResource {
        code: series.code.to_string(),
        template: series.template.to_string(),
        prefix: series.prefix.to_string(),
        reset: series.reset.as_str().to_owned(),
        first_number: series.first_number,
        purpose: series.purpose.as_str().to_owned(),
        last_number,
        version: loaded.version,
        position: loaded.position,
        created_at: loaded.created_at.to_string(),
    })
}
