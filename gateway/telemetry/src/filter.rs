//! Which spans and lines there are at all, and which spans are sent.
//!
//! What is nobody's business is turned away before anything of it is made. The one filter of a single
//! layer is that of the spans: such a filter is asked for a span each time that it is entered and
//! left, so that each more of them would be paid for by every request many times.
//!
//! That filter never says that a place in the code is always of interest. What it decided last is kept
//! per thread until it is asked again, and a library that only asks whether it should say something
//! (sqlx does, before every statement) leaves such a decision behind: a place that is not asked for
//! again would be given that one, and lose its span.

use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::{EnvFilter, Layer};

use crate::room::Room;

/// Our own code, whose spans are the system's; those of libraries are not.
const OURS: &str = "invoiceapp";

/// What there is for any layer: the spans of the system, whose facts are on the lines, and the lines
/// that the settings ask for.
pub(crate) struct Seen(pub(crate) EnvFilter);

/// The spans that are sent: all of the system's, and none while nobody takes them.
pub(crate) struct Spans(pub(crate) Room);

fn is_of_ours(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with(OURS) && *metadata.level() <= LevelFilter::INFO
}

impl<S: Subscriber> Layer<S> for Seen {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if !metadata.is_span() {
            <EnvFilter as Layer<S>>::register_callsite(&self.0, metadata)
        } else if is_of_ours(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, context: Context<'_, S>) -> bool {
        if metadata.is_span() {
            is_of_ours(metadata)
        } else {
            Layer::enabled(&self.0, metadata, context)
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let wanted = <EnvFilter as Layer<S>>::max_level_hint(&self.0)?;
        Some(wanted.max(LevelFilter::INFO))
    }
}

impl<S: Subscriber> Filter<S> for Spans {
    fn enabled(&self, metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        metadata.is_span() && is_of_ours(metadata) && !self.0.refuses()
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_span() && is_of_ours(metadata) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }
}
