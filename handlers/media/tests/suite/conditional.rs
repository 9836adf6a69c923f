//! Requests under a condition: `Consistency-Token` of a download, `If-Match` of an upload.

use axum::http::{HeaderValue, StatusCode, header};
use rstest::rstest;

use crate::files::png;
use crate::world::{Answer, World, file};

async fn get_after(world: &World, path: &str, position: &str) -> Answer {
    let token = world.administrator();
    let header = Some(("consistency-token", position));
    world.get_with(&token, path, header).await
}

#[tokio::test]
async fn a_download_waits_for_what_its_client_has_seen() {
    let world = World::new().await;
    let id = world.uploaded(&world.administrator(), &png(600, 300)).await;
    let path = format!("/api/v1/media/{id}");
    assert_eq!(get_after(&world, &path, "1").await.status, StatusCode::OK);

    let path = format!("{path}/thumbnail");
    let early = get_after(&world, &path, "1").await;
    assert_eq!(early.status, StatusCode::ACCEPTED);
    let (waiting, worked) = tokio::join!(get_after(&world, &path, "2"), world.work());
    // Without the wait it would be told to come again.
    assert_eq!((waiting.status, worked), (StatusCode::OK, 1));
}

#[tokio::test]
async fn a_download_of_a_position_that_never_comes_is_told_so() {
    let world = World::new().await;
    let id = world.uploaded(&world.administrator(), &png(8, 8)).await;
    let path = format!("/api/v1/media/{id}");
    let thumbnail = format!("{path}/thumbnail");
    let (file, thumbnail) = tokio::join!(
        get_after(&world, &path, "1000"),
        get_after(&world, &thumbnail, "1000"),
    );
    for answer in [file, thumbnail] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.json()["code"], "view_behind");
        assert_eq!(answer.header("retry-after"), "1");
    }
}

#[rstest]
#[case("soon")]
#[case("-1")]
#[case("")]
#[tokio::test]
async fn a_token_that_no_answer_gave_is_refused(#[case] position: &str) {
    let world = World::new().await;
    let id = world.uploaded(&world.administrator(), &png(8, 8)).await;
    for ending in ["", "/thumbnail"] {
        let answer = get_after(&world, &format!("/api/v1/media/{id}{ending}"), position).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.json()["errors"][0]["header"], "Consistency-Token");
    }
}

/// What is uploaded does not exist yet, so nothing that a client names can be it.
#[rstest]
#[case("*", 412, "version_mismatch")]
#[case("\"1\"", 412, "version_mismatch")]
#[case("W/\"1\"", 412, "version_mismatch")]
#[case("1", 400, "invalid_value")]
#[tokio::test]
async fn an_upload_matches_no_version(
    #[case] tags: &'static str,
    #[case] status: u16,
    #[case] code: &str,
) {
    let world = World::new().await;
    let mut request = world.upload_request(&world.administrator(), &[file(&png(8, 8))]);
    let tags = HeaderValue::from_static(tags);
    request.headers_mut().insert(header::IF_MATCH, tags);
    let answer = world.send(request).await;
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    assert_eq!(answer.json()["code"], code);
    assert_eq!(world.head().await, 0);
}
