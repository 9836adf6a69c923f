//! The front door's part of the configuration.

use std::net::IpAddr;
use std::num::NonZeroU32;

use serde::Deserialize;

/// A rate limit: so many at once, and so many a second after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests per second, sustained.
    pub per_second: NonZeroU32,
    /// Requests at once after a pause.
    pub burst: NonZeroU32,
}

impl Rate {
    /// `None` when one of them is zero: nobody could ever ask.
    #[must_use]
    pub const fn new(per_second: u32, burst: u32) -> Option<Self> {
        match (NonZeroU32::new(per_second), NonZeroU32::new(burst)) {
            (Some(per_second), Some(burst)) => Some(Self { per_second, burst }),
            _ => None,
        }
    }
}

impl Default for Rate {
    fn default() -> Self {
        const DEFAULT: Option<Rate> = Rate::new(50, 200);
        DEFAULT.unwrap_or(Self {
            per_second: NonZeroU32::MIN,
            burst: NonZeroU32::MIN,
        })
    }
}

/// What can be set about the front door. Rates are 50 a second with bursts of 200 by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BffConfig {
    /// For each user.
    pub user_rate: Rate,
    /// For all users of a tenant together.
    pub tenant_rate: Rate,
    /// For each address that sends no valid token.
    pub address_rate: Rate,
    /// Proxies whose `X-Forwarded-For` is believed; from anybody else it is dropped.
    pub trusted_proxies: Vec<IpAddr>,
    /// Origins of browser applications that may call; none by default.
    pub cors_allowed_origins: Vec<String>,
}
