//! What verifiers read: the keys, and where they are.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::{JWKS_PATH, METADATA_PATH};
use crate::authorizer::Authorizer;

/// Keys change rarely, and a verifier asks again when it meets an unknown one.
const CACHEABLE: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "public, max-age=300")];

/// The issuer's metadata, under the names of RFC 8414. It has no authorization endpoint: people log
/// in through the API.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MetadataAnswer {
    issuer: String,
    jwks_uri: String,
    response_types_supported: [&'static str; 0],
    grant_types_supported: [&'static str; 0],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
}

/// The public keys, as a JWK set (RFC 7517).
#[utoipa::path(
    get,
    path = JWKS_PATH,
    tag = "auth",
    operation_id = "jwks",
    responses((status = 200, description = "The keys.", body = Object)),
    security(()),
)]
pub(super) async fn keys(State(authorizer): State<Arc<Authorizer>>) -> impl IntoResponse {
    (CACHEABLE, axum::Json(authorizer.published().keys))
}

/// The issuer's metadata.
#[utoipa::path(
    get,
    path = METADATA_PATH,
    tag = "auth",
    operation_id = "issuer_metadata",
    responses((status = 200, description = "The metadata.", body = MetadataAnswer)),
    security(()),
)]
pub(super) async fn metadata(State(authorizer): State<Arc<Authorizer>>) -> impl IntoResponse {
    let published = authorizer.published();
    let algorithms = published.algorithms.iter();
    let metadata = MetadataAnswer {
        issuer: published.issuer,
        jwks_uri: published.jwks_uri,
        response_types_supported: [],
        grant_types_supported: [],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: algorithms.map(|it| it.as_str()).collect(),
    };
    (CACHEABLE, axum::Json(metadata))
}
