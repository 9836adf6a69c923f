//! What the server itself answers: problems like those of the services, with a trace that its log
//! line has too.

use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::http::{Request, Response};
use invoiceapp_domain::Ambient;

use crate::code::Code;
use crate::problem::Problem;
use crate::trace::{TraceContext, of_client};

/// In a request: where the service that serves it leaves the trace that it has begun or continued.
#[derive(Debug, Clone, Default)]
pub(crate) struct TraceSlot(Arc<OnceLock<TraceContext>>);

impl TraceSlot {
    /// Leaves the trace. The outermost service has the first word.
    pub(crate) fn fill(&self, trace: TraceContext) {
        let _ = self.0.set(trace);
    }
}

/// What has to be known of a request to refuse it, after it was handed on.
#[derive(Debug)]
pub(super) struct Asked {
    path: String,
    client: Option<TraceContext>,
    pub(super) trace: TraceSlot,
}

impl Asked {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        Self {
            path: request.uri().path().to_owned(),
            client: of_client(request.headers()),
            trace: TraceSlot::default(),
        }
    }

    /// 503, and a line that says so: no service will write one.
    pub(super) fn refuse(&self, detail: &'static str, ambient: &dyn Ambient) -> Response<Body> {
        let trace = self.trace.0.get().copied().unwrap_or_else(|| {
            let begun = TraceContext::begin(ambient.new_id().as_u128());
            self.client.map_or(begun, |client| begun.within(client))
        });
        let trace_id = trace.trace_id();
        tracing::warn!(trace_id, detail, "a request was refused");
        Problem::new(Code::DependencyUnavailable)
            .with_detail(detail)
            .response(Some(self.path.clone()), Some(trace_id))
    }
}
