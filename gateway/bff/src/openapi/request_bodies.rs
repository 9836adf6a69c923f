//! Services refuse unknown fields, and `null` in place of a body. A service's document cannot say
//! so, as the same derive describes what is sent and what is answered; here it is known which
//! schemas are sent.

use std::collections::BTreeSet;

use utoipa::openapi::path::PathItem;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Object, SchemaType};
use utoipa::openapi::{OpenApi, RefOr, Required, Schema, Type};

const SCHEMA_REFERENCE: &str = "#/components/schemas/";

/// Sets `additionalProperties: false` on every object that is reachable from a request's body.
pub(super) fn close_request_bodies(document: &mut OpenApi) {
    let mut pending = Vec::new();
    for item in document.paths.paths.values_mut() {
        for body in bodies_of(item) {
            describe_presence(body);
            for schema in schemas_of(body) {
                close(schema, &mut pending);
            }
        }
    }
    let Some(components) = &mut document.components else {
        return;
    };
    let mut closed = BTreeSet::new();
    while let Some(name) = pending.pop() {
        if closed.insert(name.clone())
            && let Some(schema) = components.schemas.get_mut(&name)
        {
            close(schema, &mut pending);
        }
    }
}

fn bodies_of(item: &mut PathItem) -> impl Iterator<Item = &mut RequestBody> {
    let operations = [
        &mut item.put,
        &mut item.post,
        &mut item.patch,
        &mut item.delete,
    ];
    let operations = operations.into_iter().flatten();
    operations.filter_map(|operation| match &mut operation.request_body {
        Some(RefOr::T(body)) => Some(body),
        Some(RefOr::Ref(_)) | None => None,
    })
}

fn schemas_of(body: &mut RequestBody) -> impl Iterator<Item = &mut RefOr<Schema>> {
    body.content
        .values_mut()
        .filter_map(|content| match content {
            RefOr::T(content) => content.schema.as_mut(),
            RefOr::Ref(_) => None,
        })
}

/// A body that may be absent comes described as one that may be `null`.
fn describe_presence(body: &mut RequestBody) {
    body.required.get_or_insert(Required::False);
    for schema in schemas_of(body) {
        let RefOr::T(Schema::OneOf(either)) = schema else {
            continue;
        };
        either.items.retain(|item| !is_null(item));
        if let [only] = either.items.as_slice() {
            *schema = only.clone();
        }
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(
        schema,
        RefOr::T(Schema::Object(object))
            if matches!(object.schema_type, SchemaType::Type(Type::Null))
    )
}

/// Closes what stands here, and leaves the names of what it refers to. Members of `allOf` stay
/// open: to each of them the fields of the others would be unknown.
fn close(schema: &mut RefOr<Schema>, pending: &mut Vec<String>) {
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.strip_prefix(SCHEMA_REFERENCE);
            pending.extend(name.map(str::to_owned));
        }
        RefOr::T(Schema::Object(object)) => close_object(object, pending),
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                close(items, pending);
            }
        }
        RefOr::T(Schema::OneOf(choice)) => {
            choice
                .items
                .iter_mut()
                .for_each(|item| close(item, pending));
        }
        RefOr::T(Schema::AnyOf(choice)) => {
            choice
                .items
                .iter_mut()
                .for_each(|item| close(item, pending));
        }
        RefOr::T(_) => {}
    }
}

fn close_object(object: &mut Object, pending: &mut Vec<String>) {
    for property in object.properties.values_mut() {
        close(property, pending);
    }
    match object.additional_properties.as_deref_mut() {
        Some(AdditionalProperties::RefOr(value)) => close(value, pending),
        Some(AdditionalProperties::FreeForm(_)) => {}
        // One without any property is a map of anything, not an object that must be empty.
        None if object.properties.is_empty() => {}
        None => {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
}
