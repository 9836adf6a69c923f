//! A front door whose services say who they are and what they were sent.

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::Request as AxumRequest;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::IntoResponse;
use axum::{Json, Router};
use http_body_util::BodyExt;
use invoiceapp_bff::{Bff, BffConfig, Upstream, UpstreamName, Upstreams};
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use invoiceapp_http::Shell;
use invoiceapp_http::health::{Health, Need};
use invoiceapp_http::metrics::HttpMetrics;
use invoiceapp_http::server::ClientAddress;
use invoiceapp_http::testing::TestIssuer;
use prometheus::Registry;
use serde_json::{Value, json};
use tower::ServiceExt;
use utoipa::openapi::OpenApi;
use uuid::Uuid;

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(body["code"], code, "{body}");
        assert!(
            body["trace_id"].is_string() && body["instance"].is_string(),
            "{body}"
        );
        body
    }
}

/// The front door, and the issuer that everybody believes.
pub(crate) struct Door {
    pub(crate) issuer: TestIssuer,
    pub(crate) registry: Registry,
    router: Router,
}

/// Says its name and repeats what it was sent.
fn stand_in(name: UpstreamName) -> Upstream {
    let echo = move |request: AxumRequest| async move {
        let (parts, body) = request.into_parts();
        let headers: serde_json::Map<String, Value> = parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap())))
            .collect();
        let address = ClientAddress::of(&parts.extensions).0.to_string();
        let length = body.collect().await.unwrap().to_bytes().len();
        let body = json!({
            "service": name.as_str(), "method": parts.method.as_str(), "headers": headers,
            "uri": parts.uri.to_string(), "address": address, "length": length,
            "filler": "compress me ".repeat(20),
        });
        (
            [("connection", "close"), ("keep-alive", "timeout=5")],
            Json(body),
        )
            .into_response()
    };
    Upstream::in_process(Router::new().fallback(echo))
}

impl Door {
    pub(crate) fn new() -> Self {
        Self::with_config(BffConfig::default())
    }

    pub(crate) fn with_config(config: BffConfig) -> Self {
        let issuer = TestIssuer::new();
        let registry = Registry::new();
        let metrics = HttpMetrics::register(&registry).unwrap();
        let health = Health::new(issuer.ambient.clone());
        health.part("journal", Need::Hard).ready();
        let upstreams = Upstreams {
            authorizer: stand_in(UpstreamName::Authorizer),
            user_access: stand_in(UpstreamName::UserAccess),
            product: stand_in(UpstreamName::Product),
            invoice: stand_in(UpstreamName::Invoice),
            pdf: stand_in(UpstreamName::Pdf),
            media: stand_in(UpstreamName::Media),
        };
        let document: OpenApi = invoiceapp_bff::merge_documents([]).unwrap();
        let shell = Shell::new("bff", issuer.shared(), metrics);
        let router = Bff {
            upstreams,
            config,
            document,
            health,
            shell,
        }
        .router()
        .unwrap();
        Self {
            issuer,
            registry,
            router,
        }
    }

    /// A user who may do nothing, and a token of theirs.
    pub(crate) fn token(&self, tenant: &str, user: u128) -> String {
        let (tenant, user) = (
            TenantId::parse(tenant).unwrap(),
            UserId(Uuid::from_u128(user)),
        );
        self.issuer.allow(&tenant, user, &[]);
        self.issuer.token(&tenant, user)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(from("203.0.113.7").uri(path).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Answer {
        let request = from("203.0.113.7").uri(path);
        let request = request.header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

/// A request whose socket has that peer.
pub(crate) fn from(peer: &str) -> Builder {
    let address: IpAddr = peer.parse().unwrap();
    Request::builder().extension(ClientAddress(address))
}
