//! Describes liveness and readiness, which the front door answers itself.

use invoiceapp_http::health::ReadinessReport;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    Components, ContentBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response,
    ResponseBuilder, Schema, Type,
};
use utoipa::{PartialSchema, ToSchema};

const TAG: &str = "health";

/// `GET /livez` and `GET /readyz`, which need no token.
pub(super) fn health_document() -> OpenApi {
    let mut schemas = Vec::new();
    ReadinessReport::schemas(&mut schemas);
    let name = ReadinessReport::name().into_owned();
    schemas.push((name.clone(), ReadinessReport::schema()));
    let mut components = Components::new();
    components.schemas.extend(schemas);

    let report: RefOr<Schema> = Ref::from_schema_name(name).into();
    let ready = answer("Requests may be sent here.", report.clone());
    let not_ready = answer("A part that it needs does not work.", report);
    let readyz = operation("readyz", "Name each part and its state.")
        .response("200", ready)
        .response("503", not_ready);
    let livez = operation(
        "livez",
        "Say that the process answers; looks at nothing else.",
    )
    .response("200", answer("It does.", live_schema()));
    let paths = PathsBuilder::new()
        .path("/livez", get(livez.build()))
        .path("/readyz", get(readyz.build()));
    OpenApiBuilder::new()
        .paths(paths)
        .components(Some(components))
        .build()
}

fn get(operation: Operation) -> PathItem {
    PathItem::new(HttpMethod::Get, operation)
}

fn operation(id: &str, summary: &str) -> OperationBuilder {
    OperationBuilder::new()
        .tag(TAG)
        .operation_id(Some(id))
        .summary(Some(summary))
        .security(SecurityRequirement::default())
}

fn answer(description: &str, schema: RefOr<Schema>) -> Response {
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(description)
        .content("application/json", content)
        .build()
}

fn live_schema() -> RefOr<Schema> {
    ObjectBuilder::new()
        .property("live", ObjectBuilder::new().schema_type(Type::Boolean))
        .required("live")
        .into()
}
