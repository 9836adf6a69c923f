//! What each operation needs beside its own words: a name that no other operation has, a sentence
//! for every answer, and the answers that any operation may give when it is asked too much or a
//! part is down.

use invoiceapp_http::problem::PROBLEM_MEDIA_TYPE;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{
    Components, ContentBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type,
};

use super::conventions::{ETAG, PROBLEM_SCHEMA, add_header};

const RETRY_AFTER: &str = "Retry-After";
/// The shared answers, by status: name and description.
const TRANSIENT: [(&str, &str, &str); 2] = [
    (
        "429",
        "TooManyRequests",
        "`rate_limited`: the user, the tenant or the address has none left for now.",
    ),
    (
        "503",
        "Unavailable",
        "`dependency_unavailable` or `view_behind`: nothing is known to have been done; the same \
         request may be sent again.",
    ),
];

/// Adds the answers that [`describe_operations`] refers to.
pub(super) fn add_shared_answers(components: &mut Components) {
    let seconds = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1_usize));
    let header = HeaderBuilder::new()
        .description(Some("Seconds to wait before asking again."))
        .schema(Some(seconds))
        .build();
    components
        .headers
        .insert(RETRY_AFTER.to_owned(), header.into());
    for (_, name, description) in TRANSIENT {
        let schema: RefOr<_> = Ref::from_schema_name(PROBLEM_SCHEMA).into();
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let mut response = ResponseBuilder::new()
            .description(description)
            .content(PROBLEM_MEDIA_TYPE, content)
            .build();
        add_header(&mut response, RETRY_AFTER);
        components
            .responses
            .insert(name.to_owned(), response.into());
    }
}

/// Completes the operations of a path.
pub(super) fn describe_operations(path: &str, item: &mut PathItem) {
    if let Some(read) = &mut item.get
        && reads_one_resource(path)
        && let Some(RefOr::T(found)) = read.responses.responses.get_mut("200")
        && found.content.contains_key("application/json")
    {
        add_header(found, ETAG);
    }
    let operations = [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.patch,
        &mut item.delete,
    ];
    for operation in operations.into_iter().flatten() {
        name_apart(operation);
        for (status, response) in &mut operation.responses.responses {
            if let RefOr::T(response) = response {
                describe(status, response);
            }
        }
        for (status, name, _) in TRANSIENT {
            let shared = Ref::new(format!("#/components/responses/{name}"));
            let responses = &mut operation.responses.responses;
            responses
                .entry(status.to_owned())
                .or_insert(RefOr::Ref(shared));
        }
    }
}

/// A path that ends in an id, or names the one organisation, is a resource with a version.
fn reads_one_resource(path: &str) -> bool {
    path.starts_with("/api/v1/") && (path.ends_with('}') || path.ends_with("/organization"))
}

/// Services name their operations by what they do (`get`); the tag says to what.
fn name_apart(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next();
    if let (Some(tag), Some(id)) = (tag, &operation.operation_id) {
        let tag = tag.replace('-', "_");
        if !id.starts_with(&format!("{tag}_")) {
            operation.operation_id = Some(format!("{tag}_{id}"));
        }
    }
}

/// The status in words, where a service has said nothing more.
fn describe(status: &str, response: &mut Response) {
    if !response.description.is_empty() {
        return;
    }
    let words = match status {
        "200" => "As it is now.",
        "201" => "Created.",
        "202" => "Accepted; the rest happens later.",
        "204" => "Done; there is nothing to show.",
        "400" => "The request is not valid; `errors` names everything that is wrong.",
        "401" => "`unauthenticated` or `token_expired`.",
        "403" => "`permission_denied`; names the permission.",
        "404" => "`not_found`, whether it never was, is another tenant's, or is no id at all.",
        "409" => "The state forbids it; `available_actions` says what it allows.",
        "412" => "`version_mismatch`.",
        "413" => "`body_too_large`.",
        "415" => "`unsupported_media_type`.",
        "422" => "`idempotency_key_reused`.",
        _ => return,
    };
    words.clone_into(&mut response.description);
}
