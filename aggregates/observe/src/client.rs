//! Spans of calls to servers: databases, object stores, mail servers. A call is shown where it is a
//! part of some work; one that stands alone (a probe, a poll) is not worth a trace of its own. The
//! names are those of OpenTelemetry's conventions; statements, keys and addresses are not in them.

use tracing::{Instrument, Span};

use crate::context::TraceContext;
use crate::span::fail;

/// The span of a call to a database: `mongodb`, `redis`, or of one to several tables of another.
#[must_use]
pub fn database(system: &'static str, operation: &'static str) -> Span {
    within_work(|| {
        tracing::info_span!(
            "database call",
            otel.name = operation,
            otel.kind = "client",
            db.system.name = system,
            db.operation.name = operation,
        )
    })
}

/// The span of a call to one table of a database: `postgresql`, `sqlite`.
#[must_use]
pub fn table(system: &'static str, operation: &'static str, table: &'static str) -> Span {
    within_work(|| {
        tracing::info_span!(
            "database call",
            otel.name = format_args!("{operation} {table}"),
            otel.kind = "client",
            db.system.name = system,
            db.operation.name = operation,
            db.collection.name = table,
        )
    })
}

/// The span of a call to an object store that speaks S3: `PutObject`, `GetObject`.
#[must_use]
pub fn object_store(method: &'static str) -> Span {
    within_work(|| {
        tracing::info_span!(
            "object store call",
            otel.name = format_args!("S3/{method}"),
            otel.kind = "client",
            rpc.system = "aws-api",
            rpc.service = "S3",
            rpc.method = method,
        )
    })
}

/// The span of a mail that is handed to a mail server.
#[must_use]
pub fn mail_server(host: &str, port: u16) -> Span {
    within_work(|| {
        tracing::info_span!(
            "SMTP send",
            otel.kind = "client",
            network.protocol.name = "smtp",
            server.address = host,
            server.port = port,
        )
    })
}

/// No line of the log needs such a span, so there is none where spans are not exported.
fn within_work(span: impl FnOnce() -> Span) -> Span {
    if TraceContext::current().is_some() {
        span()
    } else {
        Span::none()
    }
}

/// A call inside its span, which says whether it failed.
///
/// # Errors
/// As the call.
pub async fn called<T, E>(span: Span, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let answer = call.instrument(span.clone()).await;
    if answer.is_err() {
        fail(&span, "call_failed");
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_nobody_traces_has_no_span() {
        let work = tracing::info_span!("work").entered();
        assert!(table("postgresql", "SELECT", "events").is_none());
        assert!(database("mongodb", "find").is_none());
        drop(work);
    }
}
