//! Where each process of the full stack listens, and where the front door finds the others.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::Deserialize;

/// Listeners and addresses, with the fixed ports of the services.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServicesSettings {
    /// Where each role listens when it is served.
    pub(crate) listen: Listeners,
    /// Where the front door finds each service, as `host:port`.
    pub(crate) find: Places,
    /// Front doors whose word about a request's origin is believed.
    pub(crate) front_doors: Vec<IpAddr>,
}

impl Default for ServicesSettings {
    fn default() -> Self {
        Self {
            listen: Listeners::default(),
            find: Places::default(),
            front_doors: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        }
    }
}

/// An address to listen on for each role but the front door, which has `http.listen`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Listeners {
    /// Invoices, number series, the dashboard.
    pub(crate) invoice: SocketAddr,
    /// Products and prices.
    pub(crate) product: SocketAddr,
    /// Users, roles, the organization.
    pub(crate) user_access: SocketAddr,
    /// Login and tokens.
    pub(crate) authorizer: SocketAddr,
    /// Documents.
    pub(crate) pdf: SocketAddr,
    /// Uploads and the archive.
    pub(crate) media: SocketAddr,
    /// Deliveries.
    pub(crate) mail: SocketAddr,
    /// From the journal to Kafka.
    pub(crate) relay: SocketAddr,
    /// From Kafka to the views.
    pub(crate) projector: SocketAddr,
}

impl Default for Listeners {
    fn default() -> Self {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            invoice: at(3001),
            product: at(3002),
            user_access: at(3003),
            authorizer: at(3004),
            pdf: at(3005),
            media: at(3006),
            mail: at(3007),
            relay: at(3008),
            projector: at(3009),
        }
    }
}

/// An address of each service behind the front door.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Places {
    /// Invoices, number series, the dashboard.
    pub(crate) invoice: String,
    /// Products and prices.
    pub(crate) product: String,
    /// Users, roles, the organization.
    pub(crate) user_access: String,
    /// Login and tokens.
    pub(crate) authorizer: String,
    /// Documents.
    pub(crate) pdf: String,
    /// Uploads and the archive.
    pub(crate) media: String,
}

impl Default for Places {
    fn default() -> Self {
        let at = |port: u16| format!("127.0.0.1:{port}");
        Self {
            invoice: at(3001),
            product: at(3002),
            user_access: at(3003),
            authorizer: at(3004),
            pdf: at(3005),
            media: at(3006),
        }
    }
}
