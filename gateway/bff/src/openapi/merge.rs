//! Joins the services' documents.

use std::collections::BTreeMap;

use invoiceapp_http::ProblemBody;
use invoiceapp_http::problem::FieldError;
use serde_json::Value;
use thiserror::Error;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Info, License, OpenApi, OpenApiBuilder, Server};
use utoipa::{PartialSchema, ToSchema};

use super::conventions::{PROBLEM_SCHEMA, add_shared_components, describe_conventions};
use super::health::health_document;
use super::operations::{add_shared_answers, describe_operations};
use super::request_bodies::close_request_bodies;

const SECURITY_SCHEME: &str = "bearer";

/// Two services that mean different things by one name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("two services describe {what} {name} differently")]
pub struct DocumentConflict {
    /// A path or a schema.
    pub what: &'static str,
    /// Which.
    pub name: String,
}

/// Joins the services' documents, and adds what holds for all of them: the token, the headers of
/// commands and queries, the paging of lists, the problem that any operation may answer with, and
/// that unknown fields are refused.
///
/// # Errors
/// [`DocumentConflict`] when two of them differ about a path or a schema.
pub fn merge_documents(
    documents: impl IntoIterator<Item = OpenApi>,
) -> Result<OpenApi, DocumentConflict> {
    let mut merged = frame();
    let (mut paths, mut schemas) = (BTreeMap::new(), BTreeMap::new());
    for document in documents.into_iter().chain([health_document()]) {
        for (path, item) in &document.paths.paths {
            remember(&mut paths, "path", path, item)?;
        }
        for (name, schema) in document.components.iter().flat_map(|known| &known.schemas) {
            remember(&mut schemas, "schema", name, schema)?;
        }
        merged.merge(document);
    }
    for (path, item) in &mut merged.paths.paths {
        describe_conventions(path, item);
        describe_operations(path, item);
    }
    close_request_bodies(&mut merged);
    Ok(merged)
}

/// Paths and schemas may be described by several services, as long as they say the same.
fn remember<T: serde::Serialize>(
    known: &mut BTreeMap<String, Value>,
    what: &'static str,
    name: &str,
    described: &T,
) -> Result<(), DocumentConflict> {
    let described = serde_json::to_value(described).unwrap_or_default();
    match known.insert(name.to_owned(), described.clone()) {
        Some(before) if before != described => Err(DocumentConflict {
            what,
            name: name.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn frame() -> OpenApi {
    let mut info = Info::new("InvoiceApp", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Invoicing on an append-only journal. Amounts are decimal strings; unknown fields are \
         refused; every error is a problem document with a stable code."
            .to_owned(),
    );
    let mut license = License::new("GNU Affero General Public License v3.0 or later");
    license.identifier = Some("AGPL-3.0-or-later".to_owned());
    info.license = Some(license);

    let mut components = Components::new();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The access token that POST /api/v1/auth/login gives."))
        .build();
    components.add_security_scheme(SECURITY_SCHEME, SecurityScheme::Http(bearer));
    components
        .schemas
        .insert(PROBLEM_SCHEMA.to_owned(), ProblemBody::schema());
    components
        .schemas
        .insert(FieldError::name().into_owned(), FieldError::schema());
    add_shared_components(&mut components);
    add_shared_answers(&mut components);
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .components(Some(components))
        .security(Some([SecurityRequirement::new(
            SECURITY_SCHEME,
            Vec::<String>::new(),
        )]))
        .build()
}
