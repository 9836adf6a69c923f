//! What every operation does alike: the headers of commands and queries, the paging of lists, and
//! problems. It follows from path and method alone, so no service repeats it.

use invoiceapp_http::command::IDEMPOTENCY_KEY_BYTES_MAX;
use invoiceapp_http::problem::PROBLEM_MEDIA_TYPE;
use invoiceapp_http::query::{PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::{
    Components, Content, ContentBuilder, KnownFormat, ObjectBuilder, Ref, RefOr, Required,
    Response, ResponseBuilder, SchemaFormat, Type,
};

/// The schema of every problem.
pub(super) const PROBLEM_SCHEMA: &str = "Problem";

const API: &str = "/api/v1";
/// Logging in has no token yet, and changes no resource that has a version.
const AUTH: &str = "/api/v1/auth";
const CREATED: &str = "201";

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const IF_MATCH: &str = "If-Match";
const CONSISTENCY_TOKEN: &str = "Consistency-Token";
pub(super) const ETAG: &str = "ETag";
const IDEMPOTENCY_REPLAYED: &str = "Idempotency-Replayed";
const LOCATION: &str = "Location";
const LIMIT: &str = "limit";
const CURSOR: &str = "cursor";
const COUNT: &str = "count";

const VISIBLE_ASCII: &str = "^[!-~]+$";
const VERSION_TAG: &str = "^\"[0-9]+\"$";

/// Adds the parameters and headers that [`describe_conventions`] refers to.
pub(super) fn add_shared_components(components: &mut Components) {
    for parameter in command_parameters().into_iter().chain(query_parameters()) {
        let name = parameter.name.clone();
        components.parameters.insert(name, parameter.into());
    }
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let headers = [
        (
            ETAG,
            "The version of the resource, for `If-Match`.",
            text().pattern(Some(VERSION_TAG)),
        ),
        (
            CONSISTENCY_TOKEN,
            "The journal position of the change. A query that sends it sees the change.",
            position(),
        ),
        (
            IDEMPOTENCY_REPLAYED,
            "Present when this is the answer to an earlier request with the same key.",
            text().enum_values(Some(["true"])),
        ),
        (
            LOCATION,
            "The path of what was created.",
            text().format(Some(SchemaFormat::Custom("uri-reference".to_owned()))),
        ),
    ];
    for (name, description, schema) in headers {
        let header = HeaderBuilder::new()
            .description(Some(description))
            .schema(Some(schema))
            .build();
        components.headers.insert(name.to_owned(), header.into());
    }
}

fn command_parameters() -> [Parameter; 2] {
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(IDEMPOTENCY_KEY_BYTES_MAX))
        .pattern(Some(VISIBLE_ASCII));
    let tags = ObjectBuilder::new().schema_type(Type::String);
    [
        parameter(
            IDEMPOTENCY_KEY,
            ParameterIn::Header,
            "Makes the command happen once: the same key with the same body gives the first \
             answer again, with another body 422 `idempotency_key_reused`.",
            key,
        ),
        parameter(
            IF_MATCH,
            ParameterIn::Header,
            "The `ETag` that the command stands on, or several, or `*` for any (RFC 9110 section \
             13.1.1); 412 `version_mismatch` when none is that of the resource, or it does not \
             exist yet. A weak tag never matches.",
            tags,
        ),
    ]
}

fn query_parameters() -> [Parameter; 4] {
    let limit = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1_usize))
        .maximum(Some(PAGE_LIMIT_MAX))
        .default(Some(PAGE_LIMIT_DEFAULT.into()));
    let query = ParameterIn::Query;
    [
        parameter(
            CONSISTENCY_TOKEN,
            ParameterIn::Header,
            "The answer knows the journal up to there; 503 `view_behind` when that takes too long.",
            position(),
        ),
        parameter(
            LIMIT,
            query.clone(),
            "Entries of the page at most. A page of large ones ends earlier: whether more follow is \
             told by `next_cursor` alone.",
            limit,
        ),
        parameter(
            CURSOR,
            query.clone(),
            "`next_cursor` of the page before. It goes with that list and its filters; anywhere else \
             it is 400 `invalid_value`.",
            ObjectBuilder::new().schema_type(Type::String),
        ),
        parameter(
            COUNT,
            query,
            "Whether the answer has the `total`.",
            ObjectBuilder::new().schema_type(Type::Boolean),
        ),
    ]
}

fn parameter(
    name: &str,
    parameter_in: ParameterIn,
    description: &str,
    schema: ObjectBuilder,
) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(parameter_in)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn position() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0_usize))
}

/// Says of a path's operations what their services leave out.
pub(super) fn describe_conventions(path: &str, item: &mut PathItem) {
    let versioned = is_below(API, path) && !is_below(AUTH, path);
    if let Some(query) = &mut item.get {
        describe_problems(query);
        if is_below(API, path) {
            share_paging(query);
            refer_to(query, CONSISTENCY_TOKEN);
        }
    }
    let commands = [
        &mut item.put,
        &mut item.post,
        &mut item.patch,
        &mut item.delete,
    ];
    for command in commands.into_iter().flatten() {
        describe_problems(command);
        if versioned {
            refer_to(command, IDEMPOTENCY_KEY);
            refer_to(command, IF_MATCH);
            describe_success(command);
        }
    }
}

fn is_below(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn shared_parameter(name: &str) -> RefOr<Parameter> {
    RefOr::Ref(Ref::new(format!("#/components/parameters/{name}")))
}

/// Any operation may answer with a problem, and a problem has a media type of its own.
fn describe_problems(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    responses.entry("default".to_owned()).or_insert_with(|| {
        let schema: RefOr<_> = Ref::from_schema_name(PROBLEM_SCHEMA).into();
        let content = ContentBuilder::new().schema(Some(schema)).build();
        ResponseBuilder::new()
            .description("A problem (RFC 9457); its `code` is stable.")
            .content(PROBLEM_MEDIA_TYPE, content)
            .into()
    });
    for response in responses.values_mut() {
        if let RefOr::T(response) = response {
            let content = std::mem::take(&mut response.content);
            let named = content.into_iter().map(|(media_type, content)| {
                let media_type = if is_problem(&content) {
                    PROBLEM_MEDIA_TYPE.to_owned()
                } else {
                    media_type
                };
                (media_type, content)
            });
            response.content = named.collect();
        }
    }
}

fn is_problem(content: &RefOr<Content>) -> bool {
    let RefOr::T(content) = content else {
        return false;
    };
    matches!(
        &content.schema,
        Some(RefOr::Ref(reference))
            if reference.ref_location == Ref::from_schema_name(PROBLEM_SCHEMA).ref_location
    )
}

/// Every list pages alike.
fn share_paging(query: &mut Operation) {
    for parameter in query.parameters.iter_mut().flatten() {
        if let RefOr::T(known) = parameter
            && matches!(known.parameter_in, ParameterIn::Query)
            && [LIMIT, CURSOR, COUNT].contains(&known.name.as_str())
        {
            *parameter = shared_parameter(&known.name);
        }
    }
}

/// A service that describes the header itself knows better.
fn refer_to(operation: &mut Operation, header: &str) {
    let shared = shared_parameter(header);
    let parameters = operation.parameters.get_or_insert_default();
    let is_known = parameters.iter().any(|parameter| match parameter {
        RefOr::T(known) => {
            matches!(known.parameter_in, ParameterIn::Header)
                && known.name.eq_ignore_ascii_case(header)
        }
        RefOr::Ref(_) => *parameter == shared,
    });
    if !is_known {
        parameters.push(shared);
    }
}

fn describe_success(command: &mut Operation) {
    for (status, response) in &mut command.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        if !status.starts_with('2') {
            continue;
        }
        for header in [ETAG, CONSISTENCY_TOKEN, IDEMPOTENCY_REPLAYED] {
            add_header(response, header);
        }
        if status == CREATED {
            add_header(response, LOCATION);
        }
    }
}

pub(super) fn add_header(response: &mut Response, name: &str) {
    let is_known = |known: &String| known.eq_ignore_ascii_case(name);
    if !response.headers.keys().any(is_known) {
        let shared = Ref::new(format!("#/components/headers/{name}"));
        response.headers.insert(name.to_owned(), RefOr::Ref(shared));
    }
}
