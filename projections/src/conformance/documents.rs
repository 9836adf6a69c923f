//! Documents: written whole, guarded by the version they stand on.

use super::{Case, batch, document, product, put, stored, tenant, with_fields};
use crate::document::{Document, FieldValue};
use crate::query::{Condition, ListQuery};
use crate::store::{Applied, ViewStore};
use crate::views::product::SKU;

pub(super) async fn all<S: ViewStore>(empty: &impl AsyncFn() -> Case<S>) {
    a_document_is_read_back_as_it_was_written(empty().await).await;
    a_newer_version_takes_the_place_of_an_older_one(empty().await).await;
    a_repeated_or_stale_write_changes_nothing(empty().await).await;
    a_write_on_another_version_than_the_stored_one_is_fenced(empty().await).await;
    only_those_of_the_named_documents_that_exist_are_found(empty().await).await;
    tenants_and_kinds_do_not_share_documents(empty().await).await;
}

fn with_sku(document: Document, sku: &str) -> Document {
    with_fields(document, &[(SKU, sku.into())])
}

/// The keys of the documents that a list finds by their SKU.
async fn found_by_sku<S: ViewStore>(case: &Case<S>, sku: &str) -> Vec<String> {
    let query = ListQuery {
        tenant: tenant("acme"),
        kind: invoiceapp_domain::StreamKind::Product,
        conditions: vec![Condition::Equals(SKU, sku.into())],
        before: None,
        limit: 10,
        count: false,
    };
    let page = case.store.list(&query).await.expect("list");
    let documents = page.documents.into_iter();
    documents.map(|document| document.stream.key).collect()
}

async fn a_document_is_read_back_as_it_was_written<S: ViewStore>(case: Case<S>) {
    let stream = product(&tenant("acme"), "lamp");
    assert_eq!(case.document(&stream).await, None);
    let written = with_sku(document(&stream, 7, 1), "LAMP");
    case.write(vec![put(written.clone())]).await;
    let read = case.document(&stream).await.expect("is there");
    assert_eq!(stored(&read), stored(&written));
}

async fn a_newer_version_takes_the_place_of_an_older_one<S: ViewStore>(case: Case<S>) {
    let stream = product(&tenant("acme"), "lamp");
    case.write(vec![put(with_sku(document(&stream, 1, 1), "OLD"))])
        .await;
    let newer = with_sku(document(&stream, 1, 2), "NEW");
    case.write(vec![put(newer.clone())]).await;
    let read = case.document(&stream).await.expect("is there");
    assert_eq!(stored(&read), stored(&newer));
    assert!(found_by_sku(&case, "OLD").await.is_empty());
    assert_eq!(found_by_sku(&case, "NEW").await, ["lamp"]);
}

async fn a_repeated_or_stale_write_changes_nothing<S: ViewStore>(case: Case<S>) {
    let stream = product(&tenant("acme"), "lamp");
    for version in 1..=3 {
        case.write(vec![put(with_sku(document(&stream, 1, version), "RIGHT"))])
            .await;
    }
    let before = case.document(&stream).await.expect("is there");
    for version in 1..=3 {
        let mut late = put(with_sku(document(&stream, 1, version), "WRONG"));
        late.document.json = "\"another\"".to_owned();
        case.write(vec![late]).await;
    }
    let after = case.document(&stream).await.expect("is there");
    assert_eq!(stored(&after), stored(&before));
    assert_eq!(found_by_sku(&case, "RIGHT").await, ["lamp"]);
    assert!(found_by_sku(&case, "WRONG").await.is_empty());
}

async fn a_write_on_another_version_than_the_stored_one_is_fenced<S: ViewStore>(case: Case<S>) {
    let acme = tenant("acme");
    let (known, unknown, neighbour) = (
        product(&acme, "known"),
        product(&acme, "unknown"),
        product(&acme, "neighbour"),
    );
    case.write(vec![put(document(&known, 1, 1))]).await;
    // Version 2 of the one was never written, and nothing at all of the other.
    for wrong in [put(document(&known, 1, 3)), put(document(&unknown, 2, 2))] {
        let changes = batch(vec![put(document(&neighbour, 9, 1)), wrong]);
        let checkpoint = case.checkpoint().await;
        assert_eq!(case.try_commit(changes).await, Applied::Fenced);
        assert_eq!(case.checkpoint().await, checkpoint);
        assert_eq!(case.version(&known).await, Some(1));
        assert_eq!(case.version(&unknown).await, None);
        assert_eq!(case.version(&neighbour).await, None);
    }
}

async fn only_those_of_the_named_documents_that_exist_are_found<S: ViewStore>(case: Case<S>) {
    let acme = tenant("acme");
    let streams: Vec<_> = (1..=5)
        .map(|n| product(&acme, &format!("thing-{n}")))
        .collect();
    let documents = (1..).zip(&streams[..3]);
    case.write(documents.map(|(n, it)| put(document(it, n, 1))).collect())
        .await;
    let mut found = case
        .store
        .documents(&streams[1..])
        .await
        .expect("documents");
    found.sort_by(|left, right| left.stream.cmp(&right.stream));
    let found: Vec<_> = found.iter().map(|document| &document.stream).collect();
    assert_eq!(found, [&streams[1], &streams[2]]);
    assert!(case.store.documents(&[]).await.expect("none").is_empty());
}

async fn tenants_and_kinds_do_not_share_documents<S: ViewStore>(case: Case<S>) {
    let mine = product(&tenant("acme"), "same-key");
    let theirs = product(&tenant("rival"), "same-key");
    let invoice = super::invoice(&tenant("acme"), "same-key");
    case.write(vec![put(with_sku(document(&mine, 1, 1), "MINE"))])
        .await;
    assert_eq!(case.version(&theirs).await, None);
    assert_eq!(case.version(&invoice).await, None);
    case.write(vec![
        put(with_sku(document(&theirs, 2, 1), "THEIRS")),
        put(super::with_fields(
            document(&invoice, 3, 1),
            &[(crate::views::invoice::NUMBER, FieldValue::from("MINE"))],
        )),
    ])
    .await;
    for (stream, created_position) in [(&mine, 1), (&theirs, 2), (&invoice, 3)] {
        let read = case.document(stream).await.expect("is there");
        assert_eq!(read.created_position, created_position);
    }
    assert_eq!(found_by_sku(&case, "MINE").await, ["same-key"]);
    assert!(found_by_sku(&case, "THEIRS").await.is_empty());
}
