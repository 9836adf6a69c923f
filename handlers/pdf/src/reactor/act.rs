//! The steps of one rendering job.

use bytes::Bytes;
use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::ids::DocumentId;
use invoiceapp_domain::invoice::{
    Invoice, IssuedInvoice, Rendering, RenderingKind, RenderingReport,
};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::text::Reference;
use invoiceapp_objects::{ObjectError, area};
use invoiceapp_observe::metrics::metrics;
use invoiceapp_runtime::{Job, Outcome, Reporter, derived_command_id};

use super::plan::PdfJob;
use super::{PdfParts, TEMPLATE_VERSION, report};
use crate::mapping::issued_document;
use crate::renderer::RenderingError;

/// Renders, stores and reports; `Err` ends the job early.
pub(super) async fn act(
    parts: &PdfParts,
    reporter: &Reporter,
    job: &Job,
) -> Result<Outcome, Outcome> {
    let plan: PdfJob = serde_json::from_value(job.payload.clone()).map_err(|_| park("plan"))?;
    let stream = &job.source.stream;
    let present = parts.executor.load::<Invoice>(stream).await?;
    let present = present.ok_or_else(|| park("invoice"))?;
    let issued = present
        .state
        .as_issued()
        .ok_or_else(|| park("issued invoice"))?;
    if rendering(issued, plan.locale).is_some() {
        return Ok(Outcome::Done);
    }
    let version = shown_version(issued, plan, job);
    let bytes = rendered(parts, job, version, plan.locale).await?;
    let report = stored(parts, job, bytes, (version, plan.locale)).await?;
    report::report(reporter, job, report).await
}

/// The PDF of an invoice in a language. An issued document never changes, so there is one.
pub(crate) fn rendering(issued: &IssuedInvoice, locale: Locale) -> Option<&Rendering> {
    let is_wanted =
        |rendering: &&Rendering| rendering.kind == RenderingKind::Pdf && rendering.locale == locale;
    issued.renderings.iter().find(is_wanted)
}

/// The version that issued the invoice. The job of that event comes before any delivery's, so its
/// rendering names the version; without it, what the delivery saw is the same document.
fn shown_version(issued: &IssuedInvoice, plan: PdfJob, job: &Job) -> u64 {
    if plan.issued {
        return job.source.version;
    }
    let first = issued
        .renderings
        .iter()
        .map(|rendering| rendering.from_version)
        .min();
    first.unwrap_or(job.source.version)
}

async fn rendered(
    parts: &PdfParts,
    job: &Job,
    version: u64,
    locale: Locale,
) -> Result<Bytes, Outcome> {
    let stream = &job.source.stream;
    let shown = parts
        .executor
        .load_at_version::<Invoice>(stream, version)
        .await;
    let shown = shown?;
    let document = &shown
        .state
        .as_issued()
        .ok_or_else(|| park("issued invoice"))?
        .document;
    let logo = parts
        .renderer
        .logo(&stream.tenant, document.seller.logo.as_ref())
        .await;
    let logo = logo.map_err(|error| cannot_render(&error))?;
    let document = issued_document(document, locale, logo, shown.updated_at);
    let rendered = parts.renderer.render(document).await;
    let outcome = if rendered.is_ok() {
        "rendered"
    } else {
        "failed"
    };
    metrics().renderings.with_label_values(&[outcome]).inc();
    let rendered = rendered.map_err(|error| cannot_render(&error))?;
    if rendered.replaced_characters > 0 {
        // The invoice is issued, so the page shows the mark; its seller may void and issue it anew.
        tracing::warn!(
            stream = %stream.aggregate_id(),
            version,
            replaced_characters = rendered.replaced_characters,
            "an invoice has characters that no font has"
        );
    }
    Ok(Bytes::from(rendered.bytes))
}

async fn stored(
    parts: &PdfParts,
    job: &Job,
    bytes: Bytes,
    (from_version, locale): (u64, Locale),
) -> Result<RenderingReport, Outcome> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let sha256 = Sha256Hex::of(&bytes);
    let tenant = &job.source.stream.tenant;
    let put = parts
        .renderer
        .objects()
        .put_if_absent(tenant, area::RENDERINGS, bytes)
        .await;
    put.map_err(|error| cannot_use_objects(&error))?;
    Ok(RenderingReport {
        document_id: DocumentId(derived_command_id(job.id, "document").0),
        kind: RenderingKind::Pdf,
        locale,
        from_version,
        sha256,
        size,
        template_version: Reference::parse(TEMPLATE_VERSION).map_err(|_| park("template"))?,
    })
}

fn park(what: &str) -> Outcome {
    Outcome::Park {
        reason: format!("the {what} is not what it has to be"),
    }
}

fn cannot_render(error: &RenderingError) -> Outcome {
    match error {
        RenderingError::Document(source) => Outcome::Park {
            reason: source.to_string(),
        },
        RenderingError::Objects(source) => cannot_use_objects(source),
        RenderingError::LogoMissing | RenderingError::Busy | RenderingError::Interrupted => {
            Outcome::Retry {
                reason: error.to_string(),
            }
        }
    }
}

fn cannot_use_objects(error: &ObjectError) -> Outcome {
    Outcome::of_part(error, error.may_pass())
}
