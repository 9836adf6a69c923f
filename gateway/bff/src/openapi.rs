//! One OpenAPI 3.1 document out of those of the services.

use std::collections::BTreeMap;

use invoiceapp_http::ProblemBody;
use invoiceapp_http::problem::{FieldError, PROBLEM_MEDIA_TYPE};
use serde_json::Value;
use thiserror::Error;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Info, License, OpenApi, OpenApiBuilder, Ref, RefOr,
    ResponseBuilder, Server,
};
use utoipa::{PartialSchema, ToSchema};

const SECURITY_SCHEME: &str = "bearer";
const PROBLEM_SCHEMA: &str = "Problem";

/// Two services that mean different things by one name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("two services describe {what} {name} differently")]
pub struct DocumentConflict {
    /// A path or a schema.
    pub what: &'static str,
    /// Which.
    pub name: String,
}

/// Joins the services' documents, and adds what holds for all of them: the token, and the problem
/// that any operation may answer with.
///
/// # Errors
/// [`DocumentConflict`] when two of them differ about a path or a schema.
pub fn merge_documents(
    documents: impl IntoIterator<Item = OpenApi>,
) -> Result<OpenApi, DocumentConflict> {
    let mut merged = frame();
    let (mut paths, mut schemas) = (BTreeMap::new(), BTreeMap::new());
    for document in documents {
        for (path, item) in &document.paths.paths {
            remember(&mut paths, "path", path, item)?;
        }
        for (name, schema) in document.components.iter().flat_map(|known| &known.schemas) {
            remember(&mut schemas, "schema", name, schema)?;
        }
        merged.merge(document);
    }
    for item in merged.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            add_default_problem(operation);
        }
    }
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

fn add_default_problem(operation: &mut Operation) {
    let content = ContentBuilder::new()
        .schema(Some(RefOr::Ref(Ref::from_schema_name(PROBLEM_SCHEMA))))
        .build();
    let response = ResponseBuilder::new()
        .description("A problem (RFC 9457); its `code` is stable.")
        .content(PROBLEM_MEDIA_TYPE, content)
        .build();
    operation
        .responses
        .responses
        .entry("default".to_owned())
        .or_insert(RefOr::T(response));
}
