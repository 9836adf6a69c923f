//! The OpenAPI document and the page that shows it. The page is compiled in, and its headers
//! forbid the browser to fetch anything from elsewhere.

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Redirect;
use axum::routing::get;
use bytes::Bytes;
use tower::ServiceBuilder;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Where the document is.
pub const OPENAPI_PATH: &str = "/api/v1/openapi.json";
/// Where the page is.
pub const DOCS_PATH: &str = "/api/v1/docs";

/// The page styles itself with inline rules and `data:` images; it needs nothing else.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' \
    'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";
/// The document changes with a release only, but a release should not wait for caches.
const PAGE_CACHING: &str = "no-cache";

/// The document, the page, and a way there from the root.
///
/// # Errors
/// When the document has no JSON form, which no document of ours has.
pub(crate) fn docs_router(document: &OpenApi) -> Result<Router, serde_json::Error> {
    let json: Bytes = serde_json::to_vec(document)?.into();
    let config = Config::new([OPENAPI_PATH])
        .validator_url("none")
        .try_it_out_enabled(true)
        .persist_authorization(false);
    let page = Router::from(SwaggerUi::new(DOCS_PATH).config(config));
    let document = get(move || {
        let json = json.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], json) }
    });
    let fixed = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
    };
    let headers = ServiceBuilder::new()
        .layer(fixed(header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .layer(fixed(header::CACHE_CONTROL, PAGE_CACHING));
    let root = get(|| async { Redirect::temporary(DOCS_PATH) });
    Ok(page
        .route(OPENAPI_PATH, document)
        .layer(headers)
        .route("/", root))
}
