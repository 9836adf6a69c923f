//! Renderings: attached once, archived once.

use super::super::command::{ArchiveRendering, RenderingReport};
use super::super::event::InvoiceEvent;
use super::super::limits::RENDERINGS_MAX;
use super::super::refusal::InvoiceRefusal;
use super::super::rendering::Rendering;
use super::super::state::IssuedInvoice;
use super::{Outcome, at_most, check_date};
use crate::decider::Decision;

/// A rendering is written once per kind, version and locale. The same bytes again are no event; a
/// renderer that was interrupted reports again.
pub(super) fn attach(issued: &IssuedInvoice, report: &RenderingReport) -> Outcome {
    let place = (report.kind, report.from_version, report.locale);
    let known = issued.renderings.iter().find(|known| {
        (known.kind, known.from_version, known.locale) == place
            || known.document_id == report.document_id
    });
    if let Some(known) = known {
        let same = (known.kind, known.from_version, known.locale) == place
            && known.sha256 == report.sha256;
        let document_id = known.document_id;
        return if same {
            Ok(Decision::events(Vec::new()))
        } else {
            Err(InvoiceRefusal::RenderingExists { document_id })
        };
    }
    at_most(
        issued.renderings.len().saturating_add(1),
        RENDERINGS_MAX,
        "renderings",
    )?;
    Ok(Decision::event(InvoiceEvent::RenderingAttached(Box::new(
        Rendering {
            document_id: report.document_id,
            kind: report.kind,
            locale: report.locale,
            from_version: report.from_version,
            sha256: report.sha256.clone(),
            size: report.size,
            template_version: report.template_version.clone(),
            archive: None,
        },
    ))))
}

/// A rendering stays archived at least as long as was ever promised.
pub(super) fn archive(issued: &IssuedInvoice, report: &ArchiveRendering) -> Outcome {
    let ArchiveRendering {
        document_id,
        sha256,
        retain_until,
    } = report.clone();
    let rendering = issued
        .renderings
        .get(document_id)
        .ok_or(InvoiceRefusal::RenderingNotFound { document_id })?;
    if rendering.sha256 != sha256 {
        return Err(InvoiceRefusal::ArchiveMismatch { document_id });
    }
    check_date(retain_until, "date of retention", "/retain_until")?;
    if rendering
        .archive
        .as_ref()
        .is_some_and(|archive| archive.retain_until >= retain_until)
    {
        return Ok(Decision::events(Vec::new()));
    }
    let archived = InvoiceEvent::RenderingArchived {
        document_id,
        sha256,
        retain_until,
    };
    Ok(Decision::event(archived))
}
