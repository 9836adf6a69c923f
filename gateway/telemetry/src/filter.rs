//! Which spans and lines each layer sees.
//!
//! No filter here says that a place in the code is always of interest. What a layer decided last is
//! kept per thread until it is asked again, and a library that only asks whether it should say
//! something (sqlx does, before every statement) leaves such a decision behind: a place that is not
//! asked for again would be given that one, and lose its span or line.

use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Filter};

/// Our own code, whose spans are the system's; those of libraries are not.
const OURS: &str = "invoiceapp";
/// What sends telemetry itself: its own lines would never come to an end.
const SENDERS: [&str; 5] = ["hyper", "reqwest", "h2", "rustls", "opentelemetry"];

/// The spans of the system, and nothing else.
pub(crate) struct Spans;

/// The lines that the settings ask for, and the spans, whose facts are on the lines.
pub(crate) struct Lines {
    wanted: EnvFilter,
    with_senders: bool,
}

impl Lines {
    /// What a filter of the settings lets through.
    pub(crate) const fn all(wanted: EnvFilter) -> Self {
        Self {
            wanted,
            with_senders: true,
        }
    }

    /// The same without the lines of those that send it.
    pub(crate) const fn without_senders(wanted: EnvFilter) -> Self {
        Self {
            wanted,
            with_senders: false,
        }
    }

    fn is_of_interest(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        self.with_senders || !SENDERS.iter().any(|sender| target.starts_with(sender))
    }
}

fn is_span_of_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
        && metadata.target().starts_with(OURS)
        && *metadata.level() <= LevelFilter::INFO
}

fn sometimes(is_possible: bool) -> Interest {
    if is_possible {
        Interest::sometimes()
    } else {
        Interest::never()
    }
}

impl<S: Subscriber> Filter<S> for Spans {
    fn enabled(&self, metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        is_span_of_ours(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        sometimes(is_span_of_ours(metadata))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }
}

impl<S: Subscriber> Filter<S> for Lines {
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        if metadata.is_span() {
            return is_span_of_ours(metadata);
        }
        self.is_of_interest(metadata) && Filter::enabled(&self.wanted, metadata, context)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_span() {
            return sometimes(is_span_of_ours(metadata));
        }
        let wanted = <EnvFilter as Filter<S>>::callsite_enabled(&self.wanted, metadata);
        sometimes(self.is_of_interest(metadata) && !wanted.is_never())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let wanted = <EnvFilter as Filter<S>>::max_level_hint(&self.wanted)?;
        Some(wanted.max(LevelFilter::INFO))
    }
}
