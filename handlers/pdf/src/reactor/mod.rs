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
use invoiceapp_runtime::{Job, Lease, Outcome, Plan, PlanError, Reactor, Reporter};
use invoiceapp_schemas::RecordedEvent;

use crate::renderer::Renderer;

/// Names the layout in each rendering's report. Changed with every change of what a page looks like.
pub const TEMPLATE_VERSION: &str = "invoice/2";

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
    reporter: Reporter,
}

impl PdfReactor {
    /// The reactor's name: checkpoints and jobs are derived from it.
    pub const NAME: &'static str = "pdf";

    /// A reactor over its parts.
    #[must_use]
    pub fn new(parts: PdfParts) -> Self {
        let reporter = Reporter::new(
            Self::NAME,
            parts.executor.clone(),
            Arc::clone(&parts.ambient),
        );
        Self { parts, reporter }
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
        act::act(&self.parts, &self.reporter, job)
            .await
            .unwrap_or_else(|outcome| outcome)
    }
}
