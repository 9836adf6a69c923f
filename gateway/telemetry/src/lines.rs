//! Lines on stderr: JSON for machines, text for people. Every line inside a request or a piece of work
//! says whose it is: service, tenant, trace and span.

use std::fmt::{self, Write as _};
use std::io::Write as _;

use invoiceapp_observe::TraceContext;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The fields of a span that are on every line inside of it.
pub(crate) const CARRIED: [&str; 3] = ["service", "tenant", "trace_id"];

/// What a span gives to the lines inside of it.
#[derive(Default)]
struct Carried([Option<String>; CARRIED.len()]);

/// Writes lines.
pub(crate) struct LineLayer {
    /// The service of a line that no span belongs to.
    pub(crate) service: String,
    pub(crate) json: bool,
    pub(crate) colours: bool,
    pub(crate) write: Write,
}

/// Takes a line with its end.
pub(crate) type Write = Box<dyn Fn(&str) + Send + Sync>;

/// Writes to the process's stderr.
pub(crate) fn to_stderr() -> Write {
    Box::new(|line| {
        // Nobody is left to be told when stderr is gone.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    })
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LineLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else {
            return;
        };
        let mut carried = Carried::default();
        attributes.record(&mut carried);
        span.extensions_mut().insert(carried);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else {
            return;
        };
        if let Some(carried) = span.extensions_mut().get_mut::<Carried>() {
            values.record(carried);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut fields = fields.0;
        for (name, value) in self.origin(event, &context) {
            fields.entry(name).or_insert(Value::String(value));
        }
        let line = match self.json {
            true => json_line(event, fields),
            false => text_line(event, &fields, self.colours),
        };
        (self.write)(&line);
    }
}

impl LineLayer {
    /// Whose line it is: the innermost word of the spans around it.
    fn origin<S>(&self, event: &Event<'_>, context: &Context<'_, S>) -> Vec<(String, String)>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut found = Carried::default();
        let exported = TraceContext::current();
        if let Some(exported) = exported {
            found.put("trace_id", exported.trace_id());
        }
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(carried) = span.extensions().get::<Carried>() {
                for (place, value) in found.0.iter_mut().zip(&carried.0) {
                    if place.is_none() {
                        place.clone_from(value);
                    }
                }
            }
        }
        let mut origin: Vec<(String, String)> = CARRIED
            .iter()
            .zip(found.0)
            .filter_map(|(name, value)| Some(((*name).to_owned(), value?)))
            .collect();
        if let Some(exported) = exported {
            origin.push(("span_id".to_owned(), exported.span_id()));
        }
        if origin.iter().all(|(name, _)| name != "service") {
            origin.push(("service".to_owned(), self.service.clone()));
        }
        origin
    }
}

impl Carried {
    fn put(&mut self, name: &str, value: String) {
        let place = CARRIED.iter().position(|carried| *carried == name);
        if let Some(place) = place.and_then(|place| self.0.get_mut(place)) {
            *place = Some(value);
        }
    }
}

impl Visit for Carried {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if CARRIED.contains(&field.name()) {
            self.put(field.name(), format!("{value:?}"));
        }
    }
}

/// The fields of an event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(error) = source {
            let _ = write!(text, ": {error}");
            source = error.source();
        }
        self.put(field, text.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

fn json_line(event: &Event<'_>, mut fields: Map<String, Value>) -> String {
    let metadata = event.metadata();
    for (name, value) in [
        ("timestamp", timestamp()),
        ("level", metadata.level().to_string()),
        ("target", metadata.target().to_owned()),
    ] {
        fields.insert(name.to_owned(), Value::String(value));
    }
    let mut line = Value::Object(fields).to_string();
    line.push('\n');
    line
}

fn text_line(event: &Event<'_>, fields: &Map<String, Value>, colours: bool) -> String {
    let metadata = event.metadata();
    let level = metadata.level();
    let mut line = timestamp();
    let _ = match colours {
        true => write!(line, " \u{1b}[{}m{level:>5}\u{1b}[0m", colour(*level)),
        false => write!(line, " {level:>5}"),
    };
    let _ = write!(line, " {}:", metadata.target());
    if let Some(Value::String(message)) = fields.get("message") {
        line.push(' ');
        // A message may quote what somebody sent: no line of text begins in the middle of one.
        line.extend(message.chars().flat_map(visible));
    }
    for (name, value) in fields.iter().filter(|(name, _)| *name != "message") {
        // As JSON, so that nothing in a value can pretend to be another field or another line.
        let _ = match value {
            Value::String(text) if is_plain(text) => write!(line, " {name}={text}"),
            value => write!(line, " {name}={value}"),
        };
    }
    line.push('\n');
    line
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'=' | b'\\'))
}

fn visible(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = (!character.is_control()).then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

const fn colour(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    }
}

fn timestamp() -> String {
    let mut text = String::new();
    // Writing into memory does not fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn lines_of(json: bool, work: impl FnOnce()) -> String {
        let written = Arc::new(Mutex::new(String::new()));
        let out = Arc::clone(&written);
        let lines = LineLayer {
            service: "invoiceapp".to_owned(),
            json,
            colours: false,
            write: Box::new(move |line| out.lock().unwrap().push_str(line)),
        };
        let subscriber = tracing_subscriber::registry().with(lines);
        tracing::subscriber::with_default(subscriber, work);
        let written = written.lock().unwrap();
        written.clone()
    }

    #[test]
    fn every_line_inside_a_request_says_whose_it_is() {
        let written = lines_of(true, || {
            let request = tracing::info_span!(
                "request",
                service = "invoice",
                tenant = tracing::field::Empty
            );
            let _request = request.enter();
            request.record("tenant", "acme");
            let _inner = tracing::info_span!("append", trace_id = "4bf9").entered();
            tracing::warn!(position = 7, "behind");
        });
        let line: Value = serde_json::from_str(&written).unwrap();
        for (name, value) in [
            ("service", "invoice"),
            ("tenant", "acme"),
            ("trace_id", "4bf9"),
            ("level", "WARN"),
            ("message", "behind"),
        ] {
            assert_eq!(line[name], value, "{line}");
        }
        assert_eq!(line["position"], 7);
    }

    #[test]
    fn a_line_outside_of_any_work_is_the_processs() {
        let written = lines_of(true, || tracing::info!("ready"));
        let line: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(line["service"], "invoiceapp");
    }

    #[test]
    fn nothing_in_a_text_can_pretend_to_be_another_line_or_field() {
        let forged = "x\n2026-01-01 ERROR a=b";
        let written = lines_of(false, || tracing::info!(reason = forged, "heard {forged}"));
        assert_eq!(written.lines().count(), 1, "{written}");
        assert!(written.contains(r#"reason="x\n2026"#), "{written}");
    }
}
