//! More is uploaded than can be taken in at once.

use std::convert::Infallible;
use std::future::{pending, ready};

use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{FuturesUnordered, once};
use invoiceapp_domain::Permission;
use invoiceapp_media::sanitize::{UPLOADS_AT_ONCE_MAX, UPLOADS_OF_A_TENANT_MAX};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::files::png;
use crate::world::{Answer, World, file};

/// A body that says when it is first read, and then never comes.
fn endless(read: &UnboundedSender<()>) -> Body {
    let read = read.clone();
    Body::from_stream(once(async move {
        read.send(()).unwrap();
        pending::<Result<Bytes, Infallible>>().await
    }))
}

#[tokio::test]
async fn an_upload_beyond_the_places_is_503_and_its_body_is_not_read() {
    let world = World::new().await;
    let endless_upload = |token: &str, read: &UnboundedSender<()>| {
        let mut request = world.upload_request(token, &[]);
        *request.body_mut() = endless(read);
        world.send(request)
    };
    let [first, second, third] =
        ["first", "second", "third"].map(|tenant| world.token(tenant, Permission::ALL));
    let (read, mut reads) = unbounded_channel();
    let mut uploads = FuturesUnordered::new();
    let rest = UPLOADS_AT_ONCE_MAX - UPLOADS_OF_A_TENANT_MAX;
    for (token, places) in [(&first, UPLOADS_OF_A_TENANT_MAX), (&second, rest)] {
        // The one before has all that it may take, and keeps nobody else out.
        world.uploaded(token, &png(8, 8)).await;
        uploads.extend((0..places).map(|_| endless_upload(token, &read)));
        for _ in 0..places {
            tokio::select! {
                answer = uploads.next() => panic!("{answer:?}"),
                read = reads.recv() => assert_eq!(read, Some(())),
            }
        }
        assert_busy(&endless_upload(token, &read).await);
    }
    assert_busy(&endless_upload(&third, &read).await);
    assert!(reads.try_recv().is_err());

    drop(uploads);
    world.uploaded(&third, &png(8, 8)).await;
}

fn assert_busy(refused: &Answer) {
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.json()["code"], "dependency_unavailable");
}

#[tokio::test]
async fn an_upload_gives_its_place_back_whatever_becomes_of_it() {
    let world = World::new().await;
    let token = world.administrator();
    for _ in 0..=UPLOADS_AT_ONCE_MAX {
        let refused = world.upload(&token, &[file(b"<svg/>")]).await;
        assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let broken = Body::from_stream(once(ready(Err::<Bytes, _>(std::io::Error::other("gone")))));
        let mut request = world.upload_request(&token, &[]);
        *request.body_mut() = broken;
        assert_eq!(world.send(request).await.status, StatusCode::BAD_REQUEST);
        world.uploaded(&token, &png(8, 8)).await;
    }
}
