//! What the merged document says for all services at once.

use invoiceapp_bff::merge_documents;
use rstest::rstest;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};

#[derive(Serialize, ToSchema)]
struct Problem {
    code: String,
}

#[derive(Serialize, ToSchema)]
struct Order {
    buyer: Party,
    lines: Vec<Line>,
    note: Option<Note>,
    labels: Labels,
}

#[derive(Serialize, ToSchema)]
struct Party {
    name: String,
}

#[derive(Serialize, ToSchema)]
struct Line {
    quantity: String,
}

#[derive(Serialize, ToSchema)]
struct Note {
    text: String,
}

#[derive(Serialize, ToSchema)]
struct Labels {
    #[schema(value_type = Object)]
    any: Value,
}

#[derive(Serialize, ToSchema)]
struct Reason {
    words: String,
}

#[derive(Serialize, ToSchema)]
struct Placed {
    number: String,
}

#[utoipa::path(get, path = "/api/v1/orders", params(("limit" = Option<u32>, Query),
    ("cursor" = Option<String>, Query), ("count" = Option<String>, Query),
    ("status" = Option<String>, Query)),
    responses((status = 200, body = Placed)))]
fn list() {}

#[utoipa::path(post, path = "/api/v1/orders", request_body = Order,
    responses((status = 201, body = Placed), (status = 409, body = Problem)))]
fn create() {}

#[utoipa::path(put, path = "/api/v1/orders/{id}", params(("id" = String, Path),
    ("if-match" = String, Header, description = "Needed here.")), request_body = Order,
    responses((status = 200, body = Placed)))]
fn replace() {}

#[utoipa::path(patch, path = "/api/v1/orders/{id}", params(("id" = String, Path)),
    request_body = Order, responses((status = 200, body = Placed)))]
fn change() {}

#[utoipa::path(delete, path = "/api/v1/orders/{id}", params(("id" = String, Path)),
    request_body = Option<Reason>, responses((status = 204), (status = 404, body = Problem)))]
fn remove() {}

#[utoipa::path(post, path = "/api/v1/auth/login", request_body = Reason,
    responses((status = 200, body = Placed), (status = 401, body = Problem)))]
fn login() {}

#[utoipa::path(get, path = "/api/v1/bills/{id}", tag = "bills",
    params(("id" = String, Path)), responses((status = 200, body = Placed)))]
#[expect(dead_code, reason = "it is described, never called")]
fn get() {}

#[derive(OpenApi)]
#[openapi(paths(get))]
struct Bills;

#[utoipa::path(get, path = "/api/v1/auth/me", responses((status = 200, body = Placed)))]
fn me() {}

#[utoipa::path(get, path = "/api/v1/authors", responses((status = 200, body = Placed)))]
fn authors() {}

#[utoipa::path(get, path = "/.well-known/jwks.json", responses((status = 200, body = Object)))]
fn keys() {}

#[derive(OpenApi)]
#[openapi(paths(list, create, replace, change, remove))]
struct Orders;

#[derive(OpenApi)]
#[openapi(paths(login, me, authors, keys))]
struct Others;

/// The stand-in for a problem is left out: the frame has the real one.
fn without_problem(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    if let Some(components) = &mut document.components {
        components.schemas.remove("Problem");
    }
    document
}

fn merged() -> Value {
    let documents = [Orders::openapi(), Others::openapi()].map(without_problem);
    serde_json::to_value(merge_documents(documents).unwrap()).unwrap()
}

fn operation(path: &str, method: &str) -> Value {
    let operation = merged()["paths"][path][method].clone();
    assert!(operation.is_object(), "{method} {path}");
    operation
}

fn refers_to(operation: &Value, parameter: &str) -> bool {
    let reference = json!({"$ref": format!("#/components/parameters/{parameter}")});
    let parameters = operation["parameters"].as_array();
    parameters.is_some_and(|parameters| parameters.contains(&reference))
}

#[test]
fn the_handlers_of_these_documents_do_nothing() {
    for handler in [
        list, create, replace, change, remove, login, me, authors, keys,
    ] {
        handler();
    }
}

#[rstest]
#[case("/api/v1/orders", "post", "409")]
#[case("/api/v1/orders/{id}", "delete", "404")]
#[case("/api/v1/auth/login", "post", "401")]
#[case("/livez", "get", "default")]
fn a_problem_has_its_own_media_type(
    #[case] path: &str,
    #[case] method: &str,
    #[case] status: &str,
) {
    let content = operation(path, method)["responses"][status]["content"].clone();
    let problem = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
    assert_eq!(content, json!({"application/problem+json": problem}));
}

#[test]
fn what_is_no_problem_stays_json() {
    let created = operation("/api/v1/orders", "post")["responses"]["201"]["content"].clone();
    let placed = json!({"schema": {"$ref": "#/components/schemas/Placed"}});
    assert_eq!(created, json!({"application/json": placed}));
}

#[rstest]
#[case("/api/v1/orders", "post")]
#[case("/api/v1/orders/{id}", "patch")]
#[case("/api/v1/orders/{id}", "delete")]
fn a_command_takes_a_key_and_a_version(#[case] path: &str, #[case] method: &str) {
    let command = operation(path, method);
    assert!(refers_to(&command, "Idempotency-Key"), "{command}");
    assert!(refers_to(&command, "If-Match"), "{command}");
    assert!(!refers_to(&command, "Consistency-Token"), "{command}");
}

#[test]
fn a_header_that_a_service_describes_is_not_described_twice() {
    let replace = operation("/api/v1/orders/{id}", "put");
    assert!(refers_to(&replace, "Idempotency-Key"), "{replace}");
    assert!(!refers_to(&replace, "If-Match"), "{replace}");
}

#[rstest]
#[case("/api/v1/orders", true)]
#[case("/api/v1/authors", true)]
#[case("/api/v1/auth/me", true)]
#[case("/.well-known/jwks.json", false)]
#[case("/livez", false)]
#[case("/readyz", false)]
fn a_query_of_the_api_takes_a_consistency_token(#[case] path: &str, #[case] takes: bool) {
    let query = operation(path, "get");
    assert_eq!(refers_to(&query, "Consistency-Token"), takes, "{query}");
    assert!(!refers_to(&query, "Idempotency-Key"), "{query}");
}

#[test]
fn logging_in_is_no_command() {
    let login = operation("/api/v1/auth/login", "post");
    assert_eq!(login["parameters"], Value::Null);
    assert_eq!(login["responses"]["200"]["headers"], Value::Null);
}

#[rstest]
#[case("/api/v1/orders", "post", "201", true)]
#[case("/api/v1/orders/{id}", "put", "200", false)]
#[case("/api/v1/orders/{id}", "delete", "204", false)]
fn a_command_answers_with_version_and_position(
    #[case] path: &str,
    #[case] method: &str,
    #[case] status: &str,
    #[case] creates: bool,
) {
    let responses = operation(path, method)["responses"].clone();
    let mut headers = json!({});
    for name in ["ETag", "Consistency-Token", "Idempotency-Replayed"] {
        headers[name] = json!({"$ref": format!("#/components/headers/{name}")});
    }
    if creates {
        headers["Location"] = json!({"$ref": "#/components/headers/Location"});
    }
    assert_eq!(responses[status]["headers"], headers);
    assert_eq!(responses["default"]["headers"], Value::Null);
}

#[test]
fn the_key_is_short_visible_ascii() {
    let key = merged()["components"]["parameters"]["Idempotency-Key"].clone();
    assert_eq!(key["in"], "header");
    assert_eq!(key["required"], false);
    assert_eq!(
        key["schema"],
        json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"})
    );
}

#[test]
fn the_versions_of_a_command_may_be_several_or_any() {
    let versions = merged()["components"]["parameters"]["If-Match"].clone();
    assert_eq!(versions["in"], "header");
    // No pattern: a list, `*` and a weak tag are all to be understood.
    assert_eq!(versions["schema"], json!({"type": "string"}));
}

#[test]
fn every_list_pages_alike() {
    let list = operation("/api/v1/orders", "get");
    for parameter in ["limit", "cursor", "count"] {
        assert!(refers_to(&list, parameter), "{parameter}");
    }
    let parameters = merged()["components"]["parameters"].clone();
    assert_eq!(
        parameters["limit"]["schema"],
        json!({"type": "integer", "minimum": 1, "maximum": 200, "default": 50})
    );
    assert_eq!(parameters["cursor"]["schema"], json!({"type": "string"}));
    assert_eq!(parameters["count"]["schema"], json!({"type": "boolean"}));
}

#[test]
fn a_filter_of_a_list_stays_as_its_service_describes_it() {
    let list = operation("/api/v1/orders", "get");
    let parameters = list["parameters"].as_array().unwrap();
    let status = parameters.iter().find(|known| known["name"] == "status");
    assert_eq!(status.unwrap()["in"], "query");
}

#[rstest]
#[case("Order", json!(false))]
#[case("Party", json!(false))]
#[case("Line", json!(false))]
#[case("Note", json!(false))]
#[case("Labels", json!(false))]
#[case("Reason", json!(false))]
#[case("Placed", Value::Null)]
#[case("Problem", Value::Null)]
#[case("ReadinessReport", Value::Null)]
fn only_what_is_sent_refuses_unknown_fields(#[case] schema: &str, #[case] additional: Value) {
    let schemas = merged()["components"]["schemas"].clone();
    assert!(schemas[schema].is_object(), "{schema}");
    assert_eq!(schemas[schema]["additionalProperties"], additional);
}

#[test]
fn an_object_without_fields_may_have_any() {
    let labels = merged()["components"]["schemas"]["Labels"].clone();
    assert_eq!(labels["properties"]["any"], json!({"type": "object"}));
}

#[test]
fn a_body_that_may_be_absent_may_not_be_null() {
    let body = operation("/api/v1/orders/{id}", "delete")["requestBody"].clone();
    assert_eq!(body["required"], false);
    assert_eq!(
        body["content"]["application/json"]["schema"],
        json!({"$ref": "#/components/schemas/Reason"})
    );
    let body = operation("/api/v1/orders", "post")["requestBody"].clone();
    assert_eq!(body["required"], true);
}

#[test]
fn health_is_described_and_needs_no_token() {
    for path in ["/livez", "/readyz"] {
        assert_eq!(operation(path, "get")["security"], json!([{}]), "{path}");
    }
    let live = operation("/livez", "get")["responses"]["200"]["content"].clone();
    let live = live["application/json"]["schema"].clone();
    assert_eq!(live["properties"]["live"]["type"], "boolean");
    let readyz = operation("/readyz", "get");
    let report = json!({"$ref": "#/components/schemas/ReadinessReport"});
    for status in ["200", "503"] {
        let content = &readyz["responses"][status]["content"];
        assert_eq!(content["application/json"]["schema"], report, "{status}");
    }
}

#[test]
fn every_reference_is_defined() {
    let document = merged();
    let text = document.to_string();
    let mut references = 0;
    for reference in text.split(r##""#/"##).skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(
            document.pointer(&format!("/{pointer}")).is_some(),
            "{pointer}"
        );
        references += 1;
    }
    assert!(references > 0);
}

#[test]
fn every_operation_has_a_name_of_its_own_and_every_answer_a_sentence() {
    let merged = merge_documents([Bills::openapi()]).unwrap();
    let merged = serde_json::to_value(&merged).unwrap();
    let read = &merged["paths"]["/api/v1/bills/{id}"]["get"];
    assert_eq!(read["operationId"], "bills_get");
    assert_eq!(read["responses"]["200"]["description"], "As it is now.");
    assert!(read["responses"]["200"]["headers"]["ETag"].is_object());
    for (status, name) in [("429", "TooManyRequests"), ("503", "Unavailable")] {
        let shared = &merged["components"]["responses"][name];
        assert!(shared["headers"]["Retry-After"].is_object(), "{shared}");
        let reference = format!("#/components/responses/{name}");
        assert_eq!(read["responses"][status]["$ref"], json!(reference));
    }
}
