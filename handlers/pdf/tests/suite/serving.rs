//! The service: what it hands out, to whom, and with which headers.

use axum::http::StatusCode;
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::InvoiceId;
use rstest::rstest;
use serde_json::Value;
use uuid::Uuid;

use crate::reader::read_bytes;
use crate::world::{World, stream, tenant};

fn path(invoice: u128, query: &str) -> String {
    format!(
        "/api/v1/invoices/{}/pdf{query}",
        InvoiceId(Uuid::from_u128(invoice))
    )
}

fn code(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    body["code"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rendering_is_202_while_it_is_made_and_then_the_stored_file() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.draft(&stream(1)).await;
    world.issue(&stream(1), None).await;
    let waiting = world.get(&path(1, ""), &tenant(), None).await;
    assert_eq!(waiting.status, StatusCode::ACCEPTED);
    assert_eq!(waiting.header("retry-after"), "1");
    world.work().await;
    let found = world.get(&path(1, ""), &tenant(), None).await;
    assert_eq!(found.status, StatusCode::OK);
    assert_eq!(found.header("content-type"), "application/pdf");
    assert_eq!(found.header("x-content-type-options"), "nosniff");
    assert!(
        found
            .header("content-disposition")
            .starts_with("inline; filename=\"INV")
    );
    let tag = format!("\"{}\"", invoiceapp_objects::sha256_hex(&found.body));
    assert_eq!(found.header("etag"), tag);
    let again = world.get(&path(1, "?download=true"), &tenant(), None).await;
    assert!(
        again
            .header("content-disposition")
            .starts_with("attachment; ")
    );
    assert_eq!(again.body, found.body);
    let known = world.get(&path(1, ""), &tenant(), Some(&tag)).await;
    assert_eq!(
        (known.status, known.body.len()),
        (StatusCode::NOT_MODIFIED, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_an_event_to_come_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.draft(&stream(1)).await;
    let drafted = world.executor.journal().head().await.unwrap().position;
    let token = (drafted + 1).to_string();
    let (path, tenant, invoice) = (path(1, ""), tenant(), stream(1));
    let (answer, ()) = tokio::join!(
        world.get_with(&path, &tenant, Some(("consistency-token", &token))),
        world.issue(&invoice, None),
    );
    // Without the wait it would see a draft, and answer 409.
    assert_eq!(answer.status, StatusCode::ACCEPTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_no_answer_gave_is_400() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.draft(&stream(1)).await;
    let header = Some(("consistency-token", "soon"));
    let answer = world.get_with(&path(1, ""), &tenant(), header).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_language_is_rendered_from_the_same_document() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.draft(&stream(1)).await;
    world.issue(&stream(1), None).await;
    assert_eq!(
        world
            .get(&path(1, "?locale=pl"), &tenant(), None)
            .await
            .status,
        StatusCode::ACCEPTED
    );
    world.work().await;
    let polish = world.get(&path(1, "?locale=pl"), &tenant(), None).await;
    assert_eq!(polish.status, StatusCode::OK);
    assert!(
        read_bytes(polish.body.to_vec())
            .text()
            .contains("Do zapłaty")
    );
    let again = world.get(&path(1, "?locale=pl"), &tenant(), None).await;
    assert_eq!(again.body, polish.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_has_a_preview_and_no_rendering() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.draft(&stream(1)).await;
    let refused = world.get(&path(1, ""), &tenant(), None).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(code(&refused.body), "invoice_not_issued");
    let preview = world
        .get(&path(1, "?preview=true&locale=de"), &tenant(), None)
        .await;
    assert_eq!(preview.status, StatusCode::OK);
    let text = read_bytes(preview.body.to_vec()).text();
    for word in ["ENTWURF", "Rechnung – Entwurf", "Beratung", "119,00 €"] {
        assert!(text.contains(word), "{word} is missing in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_an_unknown_and_a_malformed_id_get_the_same_answer() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.draft(&stream(1)).await;
    world.issue(&stream(1), None).await;
    world.work().await;
    let stranger = TenantId::parse("stranger").unwrap();
    let foreign = world.get(&path(1, ""), &stranger, None).await;
    let unknown = world.get(&path(2, ""), &tenant(), None).await;
    let malformed = world.get("/api/v1/invoices/1/pdf", &tenant(), None).await;
    for answer in [foreign, unknown, malformed] {
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(code(&answer.body), "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_token_401_and_without_permission_403() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.draft(&stream(1)).await;
    let nobody = world.get_without_right(&path(1, ""), false).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    let denied = world.get_without_right(&path(1, ""), true).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    assert_eq!(code(&denied.body), "permission_denied");
}

#[rstest]
#[case("?locale=xx")]
#[case("?preview=yes")]
#[case("?download=1&locale=klingon")]
#[case("?unknown=1")]
#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_means_nothing_is_400(#[case] query: &str) {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.draft(&stream(1)).await;
    assert_eq!(
        world.get(&path(1, query), &tenant(), None).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[test]
fn the_service_describes_its_route() {
    let document = invoiceapp_pdf::openapi();
    assert!(
        document
            .paths
            .paths
            .contains_key("/api/v1/invoices/{id}/pdf")
    );
}
