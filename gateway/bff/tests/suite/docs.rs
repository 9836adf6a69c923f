//! The document and its page.

use invoiceapp_bff::{DocumentConflict, merge_documents};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};

use crate::fixture::Door;

#[derive(Serialize, ToSchema)]
struct Address {
    city: String,
}

#[utoipa::path(get, path = "/api/v1/users", responses((status = 200, body = Address)))]
fn users() {}

#[utoipa::path(get, path = "/api/v1/products", responses((status = 200, body = Address)))]
fn products() {}

#[derive(OpenApi)]
#[openapi(paths(users))]
struct UserAccess;

#[derive(OpenApi)]
#[openapi(paths(products))]
struct Product;

mod rival {
    use super::{Serialize, ToSchema};

    #[derive(Serialize, ToSchema)]
    pub(super) struct Address {
        planet: String,
    }

    #[utoipa::path(get, path = "/api/v1/media", responses((status = 200, body = Address)))]
    pub(super) fn media() {}
}

#[derive(OpenApi)]
#[openapi(paths(rival::media))]
struct Rival;

#[tokio::test]
async fn the_root_leads_to_the_page() {
    let answer = Door::new().get("/").await;
    assert_eq!(answer.status, 307);
    assert_eq!(answer.header("location"), "/api/v1/docs");
    let page = Door::new().get("/api/v1/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let door = Door::new();
    let page = door.get("/api/v1/docs/").await;
    assert!(!page.text().contains("://"), "{}", page.text());
    let initializer = door.get("/api/v1/docs/swagger-initializer.js").await;
    assert!(
        initializer.text().contains(r#""validatorUrl": "none""#),
        "{}",
        initializer.text()
    );
    assert!(
        initializer
            .text()
            .contains(r#""url": "/api/v1/openapi.json""#)
    );
    assert!(
        !initializer.text().contains("://"),
        "{}",
        initializer.text()
    );
    for path in [
        "",
        "swagger-initializer.js",
        "swagger-ui-bundle.js",
        "swagger-ui.css",
    ] {
        let answer = door.get(&format!("/api/v1/docs/{path}")).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("http"), "{policy}");
    }
}

#[tokio::test]
async fn the_document_is_openapi_3_1() {
    let answer = Door::new().get("/api/v1/openapi.json").await;
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "InvoiceApp");
    assert_eq!(
        document["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
}

#[test]
fn the_handlers_of_these_documents_do_nothing() {
    users();
    products();
    rival::media();
}

#[test]
fn documents_are_joined_and_every_operation_may_answer_with_a_problem() {
    let merged = merge_documents([UserAccess::openapi(), Product::openapi()]).unwrap();
    let merged = serde_json::to_value(merged).unwrap();
    let problem =
        json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    for path in ["/api/v1/users", "/api/v1/products"] {
        assert_eq!(
            merged["paths"][path]["get"]["responses"]["default"]["content"],
            problem
        );
    }
    let schemas = merged["components"]["schemas"].as_object().unwrap();
    for name in ["Address", "Problem", "FieldError"] {
        assert!(schemas.contains_key(name), "{name}");
    }
    assert_eq!(merged["security"], json!([{"bearer": []}]));
    assert_ne!(merged["info"]["version"], Value::Null);
}

#[test]
fn every_reference_of_the_frame_is_defined() {
    let merged = serde_json::to_string(&merge_documents([Product::openapi()]).unwrap()).unwrap();
    let schemas: Value = serde_json::from_str(&merged).unwrap();
    let schemas = schemas["components"]["schemas"].as_object().unwrap();
    for reference in merged.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
}

#[test]
fn two_meanings_of_one_name_are_refused() {
    let conflict = merge_documents([UserAccess::openapi(), Rival::openapi()]).err();
    assert_eq!(
        conflict,
        Some(DocumentConflict {
            what: "schema",
            name: "Address".to_owned()
        })
    );
}
