//! Where each process of the full stack listens, and where the front door finds the others.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::Deserialize;

/// Listeners and addresses, with the fixed ports of the services.
#[derive(Debug, Clone, Deserialize)]
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
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Listeners {
    pub(crate) invoice: SocketAddr,
    pub(crate) product: SocketAddr,
    pub(crate) user_access: SocketAddr,
    pub(crate) authorizer: SocketAddr,
    pub(crate) pdf: SocketAddr,
    pub(crate) media: SocketAddr,
    pub(crate) mail: SocketAddr,
    pub(crate) relay: SocketAddr,
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
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Places {
    pub(crate) invoice: String,
    pub(crate) product: String,
    pub(crate) user_access: String,
    pub(crate) authorizer: String,
    pub(crate) pdf: String,
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
