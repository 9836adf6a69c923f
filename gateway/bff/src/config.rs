//! The front door's part of the configuration.

use std::net::IpAddr;
use std::num::NonZeroU32;

use axum::http::{HeaderValue, Uri, uri::Authority};
use serde::Deserialize;
use thiserror::Error;

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
    pub cors_allowed_origins: Vec<Origin>,
}

/// Where a browser application comes from, exactly as browsers write it (RFC 6454).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(HeaderValue);

impl Origin {
    pub(crate) const fn value(&self) -> &HeaderValue {
        &self.0
    }
}

/// A text that no browser sends as its origin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not an origin: it has to be `https://` or `http://`, a host in lower case, and `:port` \
     where the port is not the usual one, with nothing behind it"
)]
pub struct InvalidOrigin(String);

impl TryFrom<String> for Origin {
    type Error = InvalidOrigin;

    fn try_from(text: String) -> Result<Self, InvalidOrigin> {
        let value = HeaderValue::try_from(&text).ok();
        match value.filter(|_| is_origin(&text)) {
            Some(value) => Ok(Self(value)),
            None => Err(InvalidOrigin(text)),
        }
    }
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else {
        return false;
    };
    let usual_port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return false,
    };
    // A port that is none is left out without a word, and so is what is before an `@`.
    let plain = |authority: &Authority| match authority.port_u16() {
        Some(port) => {
            port != usual_port && authority.as_str() == format!("{}:{port}", authority.host())
        }
        None => authority.as_str() == authority.host(),
    };
    let has_host = |authority: &Authority| !authority.host().is_empty();
    // Parsed alone, an authority may not have a path behind it; in a URI, it may not be odd.
    text.bytes().all(|byte| !byte.is_ascii_uppercase())
        && authority
            .parse::<Authority>()
            .is_ok_and(|it| has_host(&it) && plain(&it))
        && text.parse::<Uri>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        let origin = |text: &str| Origin::try_from(text.to_owned());
        for text in [
            "https://app.example",
            "http://localhost:5173",
            "https://[2001:db8::1]:8443",
        ] {
            assert_eq!(origin(text).unwrap().value(), text);
        }
        for text in [
            "",
            "*",
            "null",
            "app.example",
            "https://",
            "https://:8443",
            "https://App.example",
            "https://app.example/",
            "https://app.example/path",
            "https://app.example:443",
            "https://app.example:",
            "https://app.example:99999",
            "https://me@app.example",
            "ftp://app.example",
            "https://app.example https://b.example",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }
}
