//! The topics: which streams each of them carries, and what it is called.

use invoiceapp_domain::StreamKind;
use invoiceapp_schemas::RecordedEvent;

/// What every topic's name begins with, unless it is configured otherwise.
pub const TOPIC_PREFIX: &str = "invoiceapp";

/// A topic of events. A breaking change of what it carries is a new one, with another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Invoices, number series and uploaded files.
    Invoice,
    /// Products.
    Product,
    /// Users, roles and the organisation.
    User,
}

impl Topic {
    /// Every topic, in declaration order.
    pub const ALL: [Self; 3] = [Self::Invoice, Self::Product, Self::User];

    /// The topic that carries the streams of a kind.
    #[must_use]
    pub const fn of(kind: StreamKind) -> Self {
        match kind {
            StreamKind::Invoice | StreamKind::NumberSeries | StreamKind::Media => Self::Invoice,
            StreamKind::Product => Self::Product,
            StreamKind::User | StreamKind::Role | StreamKind::Organization => Self::User,
        }
    }

    /// What its name ends with.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Invoice => "invoice.v1",
            Self::Product => "product.v1",
            Self::User => "user.v1",
        }
    }
}

/// The names of all topics under one prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    prefix: String,
}

impl Default for Topics {
    fn default() -> Self {
        Self::new(TOPIC_PREFIX)
    }
}

impl Topics {
    /// The topics under a prefix (`invoiceapp` gives `invoiceapp.invoice.v1`).
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
        }
    }

    /// A topic's name.
    #[must_use]
    pub fn name(&self, topic: Topic) -> String {
        format!("{}.{}", self.prefix, topic.suffix())
    }

    /// The topic of an event.
    #[must_use]
    pub fn of(&self, event: &RecordedEvent) -> String {
        self.name(Topic::of(event.stream.kind))
    }

    /// The topic on which the relay says how far it has come.
    #[must_use]
    pub fn relay(&self) -> String {
        format!("{}.relay.v1", self.prefix)
    }

    /// The registry's subject of a record on a topic (TopicRecordNameStrategy).
    #[must_use]
    pub fn subject(&self, topic: Topic, full_name: &str) -> String {
        format!("{}-{full_name}", self.name(topic))
    }
}
