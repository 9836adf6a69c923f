//! What a process can be.

use std::net::SocketAddr;

use clap::ValueEnum;
use invoiceapp_bff::UpstreamName;

use crate::settings::Settings;

/// A part of the system that can be a process, or share one with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Role {
    /// Invoices, number series, the dashboard: 3001.
    Invoice,
    /// Products and prices: 3002.
    Product,
    /// Users, roles, the organization; tells the identity provider: 3003.
    UserAccess,
    /// Login, refresh, logout, who am I: 3004.
    Authorizer,
    /// Renders documents: 3005.
    Pdf,
    /// Uploads, thumbnails, the archive: 3006.
    Media,
    /// Delivers: 3007.
    Mail,
    /// The front door: 3300.
    Bff,
    /// From the journal to Kafka: 3008.
    Relay,
    /// From Kafka to the views: 3009.
    Projector,
}

impl Role {
    /// Its name, as on the command line.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Product => "product",
            Self::UserAccess => "user-access",
            Self::Authorizer => "authorizer",
            Self::Pdf => "pdf",
            Self::Media => "media",
            Self::Mail => "mail",
            Self::Bff => "bff",
            Self::Relay => "relay",
            Self::Projector => "projector",
        }
    }

    /// Where it listens.
    pub(super) const fn listen(self, settings: &Settings) -> SocketAddr {
        let listen = &settings.services.listen;
        match self {
            Self::Invoice => listen.invoice,
            Self::Product => listen.product,
            Self::UserAccess => listen.user_access,
            Self::Authorizer => listen.authorizer,
            Self::Pdf => listen.pdf,
            Self::Media => listen.media,
            Self::Mail => listen.mail,
            Self::Relay => listen.relay,
            Self::Projector => listen.projector,
            Self::Bff => settings.http.listen,
        }
    }

    /// The service behind the front door that it is, if it is one.
    pub(super) const fn service(self) -> Option<UpstreamName> {
        match self {
            Self::Invoice => Some(UpstreamName::Invoice),
            Self::Product => Some(UpstreamName::Product),
            Self::UserAccess => Some(UpstreamName::UserAccess),
            Self::Authorizer => Some(UpstreamName::Authorizer),
            Self::Pdf => Some(UpstreamName::Pdf),
            Self::Media => Some(UpstreamName::Media),
            Self::Mail | Self::Bff | Self::Relay | Self::Projector => None,
        }
    }

    /// Whether it consumes events as a reactor.
    pub(super) const fn reacts(self) -> bool {
        matches!(
            self,
            Self::Pdf | Self::Media | Self::Mail | Self::UserAccess
        )
    }
}
