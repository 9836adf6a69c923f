//! The front door's router.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use invoiceapp_http::health::{Health, health_router};
use invoiceapp_http::metrics::metrics_router;
use invoiceapp_http::server::ClientAddress;
use invoiceapp_http::shell::{RouteLabel, SharedParts};
use invoiceapp_http::trace::TraceContext;
use invoiceapp_http::{Problem, Shell, caller};
use prometheus::Registry;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::openapi::OpenApi;

use crate::config::BffConfig;
use crate::docs::docs_router;
use crate::headers::{clean_request, client_address, remove_hop_by_hop};
use crate::limits::RateLimits;
use crate::routes::route_of;
use crate::upstream::Upstreams;

/// An answer of the API is never a page of its own.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// What a browser application may send.
const CORS_REQUEST_HEADERS: [HeaderName; 5] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("consistency-token"),
];
/// What a browser application may read.
const CORS_RESPONSE_HEADERS: [HeaderName; 5] = [
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    HeaderName::from_static("consistency-token"),
    HeaderName::from_static("idempotency-replayed"),
];

/// What the front door is made of.
pub struct Bff {
    /// The services behind it.
    pub upstreams: Upstreams,
    /// Rates, proxies, origins.
    pub config: BffConfig,
    /// The merged document of the services.
    pub document: OpenApi,
    /// The parts that `/readyz` names.
    pub health: Health,
    /// Puts the layers around it that every service has.
    pub shell: Shell,
}

struct Gateway {
    upstreams: Upstreams,
    config: BffConfig,
    limits: RateLimits,
}

impl Bff {
    /// The router to serve on the public address.
    ///
    /// # Errors
    /// When the document has no JSON form, which no document of ours has.
    pub fn router(self) -> Result<Router, serde_json::Error> {
        let cors = cors_layer(&self.config);
        let limits = RateLimits::new(&self.config);
        let gateway = Gateway {
            upstreams: self.upstreams,
            config: self.config,
            limits,
        };
        let router = Router::new()
            .route("/api/v1/{*rest}", any(forward))
            .route("/.well-known/{*rest}", any(forward))
            .with_state(Arc::new(gateway))
            .merge(docs_router(&self.document)?)
            .merge(health_router(self.health));
        let mut router = self.shell.wrap(router).layer(compression_layer());
        if let Some(cors) = cors {
            router = router.layer(cors);
        }
        Ok(router)
    }
}

/// The router to serve on the operators' address: metrics and health.
pub fn management_router(registry: Registry, health: Health) -> Router {
    metrics_router(registry).merge(health_router(health))
}

async fn forward(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let Some(rule) = route_of(request.uri().path()) else {
        return Problem::not_found().into_response();
    };
    let (mut parts, body) = request.into_parts();
    let peer = ClientAddress::of(&parts.extensions);
    let address = client_address(&parts.headers, peer, &gateway.config.trusted_proxies);
    if let Err(problem) = gateway
        .count(&parts.headers, &parts.extensions, address)
        .await
    {
        let mut response = problem.into_response();
        response.extensions_mut().insert(RouteLabel(rule.prefix));
        return response;
    }
    clean_request(&mut parts.headers, parts.extensions.get::<TraceContext>());
    // A service in this process must not find anything that one on the network would not.
    parts.extensions = Extensions::new();
    parts.extensions.insert(address);
    let upstream = gateway.upstreams.get(rule.upstream);
    let mut response = upstream.call(Request::from_parts(parts, body)).await;
    finish(&mut response);
    response.extensions_mut().insert(RouteLabel(rule.prefix));
    response
}

impl Gateway {
    /// Counts the request against whoever sent it. A token that is not valid counts as none: the
    /// service will say what is wrong with it, and login works whatever else is sent along.
    async fn count(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        address: ClientAddress,
    ) -> Result<(), Problem> {
        let shared = SharedParts::of(extensions)?;
        if headers.contains_key(header::AUTHORIZATION)
            && let Ok(known) = caller::authenticate(headers, &shared).await
        {
            return self.limits.count_caller(&known.0.principal);
        }
        self.limits.count_address(address)
    }
}

fn finish(response: &mut Response) {
    let headers = response.headers_mut();
    remove_hop_by_hop(headers);
    // Viewers of PDF files are pages themselves and need scripts of their own.
    let media_type = headers.get(header::CONTENT_TYPE);
    if media_type.is_none_or(|value| value.as_bytes() != b"application/pdf") {
        headers
            .entry(header::CONTENT_SECURITY_POLICY)
            .or_insert(HeaderValue::from_static(API_POLICY));
    }
}

/// Gzip for text; pictures and PDF files are compressed already.
fn compression_layer() -> CompressionLayer<impl Predicate> {
    let pdf = NotForContentType::new("application/pdf");
    CompressionLayer::new().compress_when(DefaultPredicate::new().and(pdf))
}

/// `None` when no origin is allowed, which is the default.
fn cors_layer(config: &BffConfig) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = config
        .cors_allowed_origins
        .iter()
        .map(|origin| origin.value().clone())
        .collect();
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods([
                Method::GET,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ])
            .allow_headers(CORS_REQUEST_HEADERS)
            .expose_headers(CORS_RESPONSE_HEADERS)
    })
}
