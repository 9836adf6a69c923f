//! More is asked for than can be rendered at once.

use std::future::poll_fn;
use std::task::Poll;

use axum::http::StatusCode;
use invoiceapp_domain::ids::InvoiceId;
use invoiceapp_pdf::renderer::ON_DEMAND_QUEUE_MAX;
use serde_json::Value;
use uuid::Uuid;

use crate::world::{World, stream, tenant};

fn preview(invoice: u128) -> String {
    let id = InvoiceId(Uuid::from_u128(invoice));
    format!("/api/v1/invoices/{id}/pdf?preview=true")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_beyond_the_queue_is_503_and_the_reactor_still_renders() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.draft(&stream(1)).await;
    world.draft(&stream(2)).await;
    world.issue(&stream(2), None).await;
    let turn = world.renderer.turn().await.unwrap();
    let mut waiting: Vec<_> = (0..ON_DEMAND_QUEUE_MAX)
        .map(|_| Box::pin(world.renderer.turn()))
        .collect();
    let all_wait = poll_fn(|context| {
        let mut waits = waiting.iter_mut().map(|one| one.as_mut().poll(context));
        Poll::Ready(waits.all(|outcome| outcome.is_pending()))
    });
    assert!(all_wait.await);

    let refused = world.get(&preview(1), &tenant(), None).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("retry-after"), "1");
    let problem: Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!(problem["code"], "dependency_unavailable");
    assert_eq!(world.work().await, 1);
    let issued = world.invoice(&stream(2)).await;
    assert_eq!(issued.as_issued().unwrap().renderings.len(), 1);

    drop((waiting, turn));
    let shown = world.get(&preview(1), &tenant(), None).await;
    assert_eq!(shown.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rendering_gives_its_turn_back() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.draft(&stream(1)).await;
    for _ in 0..3 {
        let shown = world.get(&preview(1), &tenant(), None).await;
        assert_eq!(shown.status, StatusCode::OK);
    }
    drop(world.renderer.turn().await.unwrap());
}
