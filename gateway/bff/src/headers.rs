//! Headers on their way through: what belongs to one hop stays there, and what only the inside may
//! say cannot be said from outside.

use std::net::IpAddr;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn};
use invoiceapp_http::server::ClientAddress;
use invoiceapp_http::trace::{TRACEPARENT, TraceContext};

/// Where a request came from, told by the front door to a service in another process.
pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Most entries of `X-Forwarded-For` that are looked at.
const FORWARDED_HOPS_MAX: usize = 16;

/// Headers of one hop (RFC 9110 section 7.6.1), and those that proxies set.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// Headers by which a client could pretend to be the inside, or load the inside with data.
const FORGEABLE: [HeaderName; 5] = [
    header::FORWARDED,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("baggage"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("x-original-url"),
];
const FORGEABLE_PREFIXES: [&str; 2] = ["x-forwarded-", "x-invoiceapp-"];

/// Puts a layer around a service that listens by itself: what the front door at one of these
/// addresses says about a request's origin is believed, from anybody else it is not.
pub fn behind_front_door(router: Router, front_doors: Vec<IpAddr>) -> Router {
    let believe = move |mut request: Request, next: Next| {
        let peer = ClientAddress::of(request.extensions());
        let address = client_address(request.headers(), peer, &front_doors);
        request.extensions_mut().insert(address);
        next.run(request)
    };
    router.layer(from_fn(believe))
}

/// Prepares a request's headers for a service.
pub(crate) fn clean_request(headers: &mut HeaderMap, trace: Option<&TraceContext>) {
    remove_hop_by_hop(headers);
    for name in FORGEABLE {
        headers.remove(name);
    }
    remove_where(headers, |name| {
        FORGEABLE_PREFIXES
            .iter()
            .any(|prefix| name.as_str().starts_with(prefix))
    });
    let traceparent = trace.and_then(|trace| HeaderValue::try_from(trace.traceparent()).ok());
    match traceparent {
        Some(traceparent) => headers.insert(TRACEPARENT, traceparent),
        None => headers.remove(TRACEPARENT),
    };
}

/// Removes the headers of one hop, and those that `Connection` names.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    // A client must not have its own credential or key removed on the way.
    remove_where(headers, |name| {
        named.iter().any(|listed| listed == name.as_str())
            && *name != header::AUTHORIZATION
            && name.as_str() != "idempotency-key"
            && *name != header::IF_MATCH
    });
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

fn remove_where(headers: &mut HeaderMap, unwanted: impl Fn(&HeaderName) -> bool) {
    let names: Vec<HeaderName> = headers
        .keys()
        .filter(|name| unwanted(name))
        .cloned()
        .collect();
    for name in names {
        headers.remove(name);
    }
}

/// Where a request came from: the socket's peer, and behind a proxy that is trusted, the
/// right-most hop that is not. What stands further left the client may have written itself.
pub(crate) fn client_address(
    headers: &HeaderMap,
    peer: ClientAddress,
    trusted_proxies: &[IpAddr],
) -> ClientAddress {
    let trusted = |address: &IpAddr| {
        let mut named = trusted_proxies.iter().map(IpAddr::to_canonical);
        named.any(|proxy| proxy == address.to_canonical())
    };
    if !trusted(&peer.0) {
        return peer;
    }
    let hops: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    for hop in hops.into_iter().rev().take(FORWARDED_HOPS_MAX) {
        match hop.parse::<IpAddr>() {
            Ok(address) if trusted(&address) => {}
            Ok(address) => return ClientAddress(address),
            Err(_) => break,
        }
    }
    peer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn address(text: &str) -> ClientAddress {
        ClientAddress(text.parse().unwrap())
    }

    #[test]
    fn forged_and_hop_by_hop_headers_do_not_get_through() {
        let mut headers = map(&[
            ("connection", "close, X-Custom, Authorization"),
            ("x-custom", "1"),
            ("te", "trailers"),
            ("forwarded", "for=1.1.1.1"),
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-host", "evil"),
            ("x-invoiceapp-tenant", "rival"),
            ("baggage", "a=b"),
            (
                "traceparent",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ),
            ("authorization", "Bearer t"),
            ("idempotency-key", "k"),
        ]);
        clean_request(&mut headers, None);
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["authorization", "idempotency-key"]);
    }

    #[test]
    fn a_header_of_a_stranger_says_nothing_about_the_address() {
        let headers = map(&[("x-forwarded-for", "9.9.9.9")]);
        let peer = address("203.0.113.7");
        assert_eq!(
            client_address(&headers, peer, &[address("10.0.0.1").0]),
            peer
        );
    }

    #[test]
    fn a_proxy_is_the_same_in_either_form_of_its_address() {
        let headers = map(&[("x-forwarded-for", "203.0.113.7")]);
        for (named, peer) in [
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("10.0.0.1", "::ffff:10.0.0.1"),
        ] {
            let found = client_address(&headers, address(peer), &[address(named).0]);
            assert_eq!(found, address("203.0.113.7"), "{named} {peer}");
        }
    }

    #[test]
    fn behind_a_trusted_proxy_the_rightmost_untrusted_hop_counts() {
        let proxies = [address("10.0.0.1").0, address("10.0.0.2").0];
        let headers = map(&[
            ("x-forwarded-for", "9.9.9.9, 203.0.113.7"),
            ("x-forwarded-for", "10.0.0.2"),
        ]);
        let found = client_address(&headers, address("10.0.0.1"), &proxies);
        assert_eq!(found, address("203.0.113.7"));
    }

    #[test]
    fn a_proxy_that_writes_nonsense_is_taken_for_the_client() {
        let headers = map(&[("x-forwarded-for", "9.9.9.9, unknown")]);
        let proxy = address("10.0.0.1");
        assert_eq!(client_address(&headers, proxy, &[proxy.0]), proxy);
    }
}
