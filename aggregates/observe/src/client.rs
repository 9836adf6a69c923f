//! Spans of calls to servers: databases, object stores, mail servers. A call is shown where it is a
//! part of some work; one that stands alone (a probe, a poll) is not worth a trace of its own. The
//! names are those of OpenTelemetry's conventions; statements, keys and addresses are not in them.
//!
//! There are more of these than of all others together, and no line of the log belongs to one. So
//! they are OpenTelemetry's own and go past `tracing`: nothing is registered, filtered or entered for
//! them, and whoever makes them pays for the span alone.

use std::borrow::Cow;
use std::sync::LazyLock;

use opentelemetry::global::{self, BoxedSpan, BoxedTracer};
use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};

use crate::clock::now;
use crate::context::TraceContext;

/// The span of a call; none where nobody looks. It ends when it is dropped.
#[derive(Debug)]
#[must_use = "a span is as long as its call"]
pub struct ClientSpan(Option<BoxedSpan>);

impl ClientSpan {
    /// Says that the call failed, by a word of a bounded set.
    pub fn fail(&mut self, kind: &'static str) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new("error.type", kind));
            // No description: an error's text may name what no trace should.
            span.set_status(Status::error(""));
        }
    }
}

/// The span of a call to a database: `mongodb`, `redis`, or of one to several tables of another.
pub fn database(system: &'static str, operation: &'static str) -> ClientSpan {
    within_work(|| {
        let facts = [
            KeyValue::new("db.system.name", system),
            KeyValue::new("db.operation.name", operation),
        ];
        (operation.into(), facts)
    })
}

/// The span of a call to one table of a database: `postgresql`, `sqlite`.
pub fn table(system: &'static str, operation: &'static str, table: &'static str) -> ClientSpan {
    within_work(|| of_table(system, operation, table))
}

/// The span of a call to an object store that speaks S3: `PutObject`, `GetObject`.
pub fn object_store(method: &'static str) -> ClientSpan {
    within_work(|| {
        let facts = [
            KeyValue::new("rpc.system", "aws-api"),
            KeyValue::new("rpc.service", "S3"),
            KeyValue::new("rpc.method", method),
        ];
        (format!("S3/{method}").into(), facts)
    })
}

/// The span of a mail that is handed to a mail server.
pub fn mail_server(host: &str, port: u16) -> ClientSpan {
    within_work(|| {
        let facts = [
            KeyValue::new("network.protocol.name", "smtp"),
            KeyValue::new("server.address", host.to_owned()),
            KeyValue::new("server.port", i64::from(port)),
        ];
        ("SMTP send".into(), facts)
    })
}

/// A call inside its span, which says whether it failed.
///
/// # Errors
/// As the call.
pub async fn called<T, E>(
    mut span: ClientSpan,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let answer = call.await;
    if answer.is_err() {
        span.fail("call_failed");
    }
    answer
}

/// A call to a table that looks for work. It belongs to the trace of what it has found, which is
/// known afterwards; when nothing is found there is no span, or polls would be most of all there is.
///
/// # Errors
/// As the call.
pub async fn found<T, E>(
    (system, operation, table): (&'static str, &'static str, &'static str),
    call: impl Future<Output = Result<T, E>>,
    cause: impl FnOnce(&T) -> Option<TraceContext>,
) -> Result<T, E> {
    let began = now();
    let answer = call.await;
    if let Some(cause) = answer.as_ref().ok().and_then(cause) {
        let parent = Context::new().with_remote_span_context(cause.remote());
        let (name, facts) = of_table(system, operation, table);
        let _ended = start(builder(name, facts).with_start_time(began), &parent);
    }
    answer
}

type Described<const FACTS: usize> = (Cow<'static, str>, [KeyValue; FACTS]);

fn of_table(system: &'static str, operation: &'static str, table: &'static str) -> Described<3> {
    let facts = [
        KeyValue::new("db.system.name", system),
        KeyValue::new("db.operation.name", operation),
        KeyValue::new("db.collection.name", table),
    ];
    (format!("{operation} {table}").into(), facts)
}

fn within_work<const FACTS: usize>(describe: impl FnOnce() -> Described<FACTS>) -> ClientSpan {
    if TraceContext::current().is_none() {
        return ClientSpan(None);
    }
    let (name, facts) = describe();
    ClientSpan(Some(start(builder(name, facts), &Context::current())))
}

fn builder<const FACTS: usize>(name: Cow<'static, str>, facts: [KeyValue; FACTS]) -> SpanBuilder {
    SpanBuilder::from_name(name)
        .with_kind(SpanKind::Client)
        .with_attributes(facts)
}

fn start(builder: SpanBuilder, parent: &Context) -> BoxedSpan {
    // What the process has set up; without it a span that goes nowhere.
    static TRACER: LazyLock<BoxedTracer> = LazyLock::new(|| global::tracer("invoiceapp"));
    TRACER.build_with_context(builder, parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_nobody_traces_has_no_span() {
        let work = tracing::info_span!("work").entered();
        assert!(table("postgresql", "SELECT", "events").0.is_none());
        assert!(database("mongodb", "find").0.is_none());
        drop(work);
    }
}
