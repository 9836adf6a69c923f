//! The PDF service's handler.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use deserr::Deserr;
use invoiceapp_domain::ids::InvoiceId;
use invoiceapp_domain::invoice::{DraftContent, Invoice, IssuedInvoice};
use invoiceapp_domain::locale::{Locale, today};
use invoiceapp_domain::organization::{ORGANIZATION_KEY, Organization};
use invoiceapp_domain::{Decider, Permission, StreamId, StreamKind, TenantId};
use invoiceapp_http::query::Flag;
use invoiceapp_http::{
    Authenticated, BodyErrors, Code, ConsistencyToken, PathId, Problem, ProblemBody, Query, Text,
};
use invoiceapp_journal::execute::LoadError;
use invoiceapp_journal::loaded::Loaded;
use invoiceapp_objects::{ObjectKey, area, sha256_hex};
use jiff::Timestamp;

use super::answer::{PdfAnswer, being_made};
use crate::document::InvoiceDocument;
use crate::mapping::{DraftSetting, draft_document, issued_document};
use crate::reactor::{PdfParts, rendering};
use crate::renderer::{RenderingError, Turn};

/// How a PDF is asked for.
#[derive(Debug, Clone, Default, Deserr)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(super) struct PdfQuery {
    /// Renders a draft, marked as one.
    #[deserr(default)]
    preview: Option<Text<Flag>>,
    /// The language; the document's when absent.
    #[deserr(default)]
    locale: Option<Text<Locale>>,
    /// To be saved and not shown.
    #[deserr(default)]
    download: Option<Text<Flag>>,
}

/// Read an invoice as PDF.
#[utoipa::path(get, path = "/api/v1/invoices/{id}/pdf", tag = "invoices",
    params(("id" = String, Path),
        ("preview" = Option<bool>, Query, description = "Renders a draft, marked as such."),
        ("locale" = Option<String>, Query, description = "`en, de, fr, es, pl, vi`"),
        ("download" = Option<bool>, Query, description = "To be saved, not shown.")),
    responses(
        (status = 200, content_type = "application/pdf", body = Vec<u8>,
            headers(("ETag" = String), ("Content-Disposition" = String))),
        (status = 202, description = "It is being made.", headers(("Retry-After" = u32))),
        (status = 304, description = "The client has it already."),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invoice_not_issued`")))]
pub(super) async fn pdf(
    State(parts): State<PdfParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    PathId(id): PathId<InvoiceId>,
    Query(query): Query<PdfQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.require(Permission::InvoiceGetById)?;
    token.reached_by(parts.executor.journal().as_ref()).await?;
    let stream = StreamId::new(caller.tenant().clone(), StreamKind::Invoice, id);
    let invoice = load::<Invoice>(&parts, &stream)
        .await?
        .ok_or_else(Problem::not_found)?;
    let is_preview = query.preview.as_ref().is_some_and(|flag| flag.0.0);
    let locale = query.locale.as_ref().map(|locale| locale.0);
    let is_download = query.download.as_ref().is_some_and(|flag| flag.0.0);
    let found = match &invoice.state {
        Invoice::Absent => return Err(Problem::not_found()),
        Invoice::Issued(issued) => stored(&parts, &invoice, issued, locale).await?,
        Invoice::Draft(draft) if is_preview => {
            Some(preview(&parts, &stream.tenant, draft, locale, invoice.updated_at).await?)
        }
        Invoice::Draft(_) | Invoice::Discarded(_) => {
            return Err(Problem::new(Code::InvoiceNotIssued));
        }
    };
    Ok(match found {
        Some(answer) => PdfAnswer {
            is_download,
            ..answer
        }
        .to(&headers),
        None => being_made(),
    })
}

/// The stored rendering of an issued invoice; nothing while it is being made. A language that
/// nobody asked for at delivery is rendered for this answer alone.
async fn stored(
    parts: &PdfParts,
    invoice: &Loaded<Invoice>,
    issued: &IssuedInvoice,
    locale: Option<Locale>,
) -> Result<Option<PdfAnswer>, Problem> {
    let document = &issued.document;
    let wanted = locale.unwrap_or(document.locale);
    let tenant = &invoice.stream.tenant;
    let name = document.number.text.clone();
    if let Some(rendering) = rendering(issued, wanted) {
        let sha256 = rendering.sha256.as_str().to_owned();
        let area = area::RENDERINGS.to_owned();
        let key = ObjectKey {
            tenant: tenant.clone(),
            area,
            sha256: sha256.clone(),
        };
        let bytes = parts.renderer.objects().get(&key).await;
        let bytes = bytes
            .map_err(|error| Problem::unavailable(&error))?
            .ok_or_else(|| {
                tracing::error!(%key, "a stored rendering is missing");
                Problem::new(Code::DependencyUnavailable)
            })?;
        return Ok(Some(PdfAnswer {
            bytes,
            sha256,
            name,
            is_download: false,
        }));
    }
    let Some(original) = rendering(issued, document.locale) else {
        return Ok(None);
    };
    let shown = parts
        .executor
        .load_at_version::<Invoice>(&invoice.stream, original.from_version);
    let produced_at = shown
        .await
        .map_err(|error| load_problem(&error))?
        .updated_at;
    let turn = turn(parts).await?;
    let logo = parts
        .renderer
        .logo(tenant, document.seller.logo.as_ref())
        .await;
    let logo = logo.map_err(|error| render_problem(&error))?;
    let page = issued_document(document, wanted, logo, produced_at);
    let bytes = rendered(parts, turn, page).await?;
    let sha256 = sha256_hex(&bytes);
    Ok(Some(PdfAnswer {
        bytes,
        sha256,
        name,
        is_download: false,
    }))
}

/// What a draft would look like.
async fn preview(
    parts: &PdfParts,
    tenant: &TenantId,
    draft: &DraftContent,
    locale: Option<Locale>,
    produced_at: Timestamp,
) -> Result<PdfAnswer, Problem> {
    let stream = StreamId::new(tenant.clone(), StreamKind::Organization, ORGANIZATION_KEY);
    let organization = load::<Organization>(parts, &stream).await?;
    let unset = Organization::default();
    let organization = organization.as_ref().map_or(&unset, |it| &it.state);
    let defaults = organization.defaults();
    let record = organization.record();
    let turn = turn(parts).await?;
    let logo = parts
        .renderer
        .logo(tenant, record.and_then(|record| record.logo.as_ref()))
        .await;
    let setting = DraftSetting {
        locale: locale.unwrap_or(defaults.locale),
        organization: record,
        logo: logo.map_err(|error| render_problem(&error))?,
        today: today(parts.ambient.now(), &defaults.time_zone),
        produced_at,
    };
    let page = draft_document(draft, setting).map_err(|error| Problem::internal(&error))?;
    let bytes = rendered(parts, turn, page).await?;
    let sha256 = sha256_hex(&bytes);
    Ok(PdfAnswer {
        bytes,
        sha256,
        name: "draft".to_owned(),
        is_download: false,
    })
}

/// Waits for the turn, before the logo and the page take their memory.
async fn turn(parts: &PdfParts) -> Result<Turn, Problem> {
    let turn = parts.renderer.turn().await;
    turn.map_err(|error| render_problem(&error))
}

async fn rendered(parts: &PdfParts, turn: Turn, page: InvoiceDocument) -> Result<Bytes, Problem> {
    let rendered = parts.renderer.render_in_turn(turn, page).await;
    let rendered = rendered.map_err(|error| render_problem(&error))?;
    Ok(Bytes::from(rendered.bytes))
}

async fn load<A: Decider>(
    parts: &PdfParts,
    stream: &StreamId,
) -> Result<Option<Arc<Loaded<A>>>, Problem> {
    parts
        .executor
        .load(stream)
        .await
        .map_err(|error| load_problem(&error))
}

fn load_problem(error: &LoadError) -> Problem {
    match error {
        LoadError::Journal(source) => Problem::from(source),
        LoadError::Fold(_) | LoadError::NoSuchVersion { .. } => Problem::internal(error),
    }
}

fn render_problem(error: &RenderingError) -> Problem {
    match error {
        RenderingError::Document(_) => Problem::internal(error),
        RenderingError::Busy => Problem::new(Code::DependencyUnavailable)
            .with_detail("Too many documents are being rendered at the moment."),
        RenderingError::Objects(_) | RenderingError::LogoMissing | RenderingError::Interrupted => {
            Problem::unavailable(error)
        }
    }
}
