//! The PDF reactor: renders what was issued, stores it, reports it.
//!
//! Every step may be repeated: the invoice says whether its rendering is there, the same document
//! gives the same bytes, the store puts them once, and the report's command id is derived from the
//! job.

mod act;
mod plan;
mod report;

pub(crate) use act::rendering;

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::Ambient;
use invoiceapp_journal::execute::CommandExecutor;
use invoiceapp_runtime::{Job, Lease, Outcome, Plan, PlanError, Reactor};
use invoiceapp_schemas::RecordedEvent;

use crate::renderer::Renderer;

/// The area of the object store that renderings are in.
pub const RENDERINGS_AREA: &str = "renderings";
/// Names the layout in each rendering's report. Changed with every change of what a page looks like.
pub const TEMPLATE_VERSION: &str = "invoice/1";

/// What the reactor and the service work with.
#[derive(Debug, Clone)]
pub struct PdfParts {
    /// Loads invoices, and takes reports.
    pub executor: CommandExecutor,
    /// Renders, and knows the object store.
    pub renderer: Renderer,
    /// The clock.
    pub ambient: Arc<dyn Ambient>,
}

/// Makes the PDFs of issued invoices.
#[derive(Debug, Clone)]
pub struct PdfReactor {
    parts: PdfParts,
}

impl PdfReactor {
    /// The reactor's name: checkpoints and jobs are derived from it.
    pub const NAME: &'static str = "pdf";

    /// A reactor over its parts.
    #[must_use]
    pub const fn new(parts: PdfParts) -> Self {
        Self { parts }
    }
}

#[async_trait]
impl Reactor for PdfReactor {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn plan(&self, event: &RecordedEvent) -> Result<Plan, PlanError> {
        plan::plan(event)
    }

    async fn act(&self, job: &Job, _lease: &Lease) -> Outcome {
        // Nothing here has to be announced: a rendering that is made twice is the same rendering.
        act::act(&self.parts, job)
            .await
            .unwrap_or_else(|outcome| outcome)
    }
}
