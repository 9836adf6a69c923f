//! Who a client is behind a reverse proxy: the address that a named one gives, and nobody else.

use std::net::IpAddr;

use reqwest::{Method, RequestBuilder, StatusCode};
use rstest::rstest;
use serde_json::json;

use crate::api::install_crypto;
use crate::binary::{ADMIN_EMAIL, invoiceapp};
use crate::server::{Data, Server};

const NAMED: &str = "127.0.0.1";
const UNNAMED: &str = "127.0.0.2";
const ORIGIN: &str = "https://app.example";
/// More than any limit below lets through from one address, and fewer than an account has.
const CLIENTS: u8 = 20;

/// A system that believes [`NAMED`] and serves pages of [`ORIGIN`].
fn start(rates: &[(&str, &str)]) -> Server {
    let data = Data::new();
    let file = data.path().join("settings.toml");
    let text =
        format!("[http]\ntrusted_proxies = [\"{NAMED}\"]\ncors_allowed_origins = [\"{ORIGIN}\"]\n");
    std::fs::write(&file, text).unwrap();
    Server::start_with(data, |command| {
        command.env("INVOICEAPP_CONFIG", file);
        for (key, value) in rates {
            command.env(format!("INVOICEAPP_RATE_LIMIT__{key}"), value);
        }
    })
}

/// A request through the proxy at an address, for a client.
fn through(
    proxy: &str,
    server: &Server,
    client: u8,
    (method, path): (Method, &str),
) -> RequestBuilder {
    install_crypto();
    let proxy: IpAddr = proxy.parse().unwrap();
    let http = reqwest::Client::builder()
        .local_address(proxy)
        .build()
        .unwrap();
    http.request(method, format!("{}/api/v1{path}", server.url()))
        .header("x-forwarded-for", format!("9.9.9.9, 198.51.100.{client}"))
}

async fn statuses(requests: impl Iterator<Item = RequestBuilder>) -> Vec<StatusCode> {
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(request.send().await.unwrap().status());
    }
    statuses
}

fn refused(statuses: &[StatusCode]) -> usize {
    statuses.iter().filter(|status| **status == 429).count()
}

#[tokio::test]
async fn requests_are_counted_by_the_client_behind_a_named_proxy() {
    let server = start(&[("PER_SECOND", "1"), ("BURST", "3")]);
    let me = |proxy, client| through(proxy, &server, client, (Method::GET, "/auth/me"));
    let each = statuses((0..CLIENTS).map(|client| me(NAMED, client))).await;
    assert_eq!(refused(&each), 0, "{each:?}");
    let one = statuses((0..CLIENTS).map(|_| me(NAMED, 77))).await;
    assert!(refused(&one) > 0, "{one:?}");
    let unnamed = statuses((0..CLIENTS).map(|client| me(UNNAMED, client))).await;
    assert!(refused(&unnamed) > 0, "{unnamed:?}");
}

#[tokio::test]
async fn logins_are_counted_by_the_client_behind_a_named_proxy() {
    let server = start(&[]);
    let body = json!({"username": ADMIN_EMAIL, "password": "not the password"});
    let login =
        |proxy, client| through(proxy, &server, client, (Method::POST, "/auth/login")).json(&body);
    let each = statuses((0..CLIENTS).map(|client| login(NAMED, client))).await;
    assert_eq!(refused(&each), 0, "{each:?}");
    let unnamed = statuses((0..6).map(|client| login(UNNAMED, client))).await;
    assert_eq!(refused(&unnamed), 1, "{unnamed:?}");
}

#[tokio::test]
async fn pages_of_a_named_origin_may_call() {
    let server = start(&[]);
    for (origin, allowed) in [(ORIGIN, Some(ORIGIN)), ("https://evil.example", None)] {
        let preflight = through(UNNAMED, &server, 1, (Method::OPTIONS, "/invoices"))
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        let answer = preflight.send().await.unwrap();
        let header = answer.headers().get("access-control-allow-origin");
        assert_eq!(header.map(|value| value.to_str().unwrap()), allowed);
    }
}

#[rstest]
#[case("trusted_proxies = [\"0.0.0.0\"]", &["http.trusted_proxies", "0.0.0.0"])]
#[case("trusted_proxies = [\"proxy.example\"]", &["http.trusted_proxies"])]
#[case("cors_allowed_origins = [\"*\"]", &["http.cors_allowed_origins", "`*` is not an origin"])]
#[case("cors_allowed_origins = [\"https://app.example/\"]", &["http.cors_allowed_origins", "not an origin"])]
fn a_list_that_makes_no_sense_stops_the_start(#[case] line: &str, #[case] named: &[&str]) {
    let data = Data::new();
    let file = data.path().join("settings.toml");
    std::fs::write(&file, format!("[http]\n{line}\n")).unwrap();
    let mut command = invoiceapp();
    command.args(["up", "--listen", "127.0.0.1:0", "--data"]);
    let output = command
        .arg(data.directory())
        .env("INVOICEAPP_CONFIG", file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    for part in named {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert!(!data.directory().exists(), "nothing was made");
}
