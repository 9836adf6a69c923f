//! The service over HTTP.

use axum::http::{HeaderValue, StatusCode};
use image::ImageFormat;
use invoiceapp_domain::Permission;
use invoiceapp_media::sanitize::{UPLOAD_BYTES_MAX, UPLOADS_OF_A_TENANT_MAX};
use invoiceapp_objects::sha256_hex;
use rstest::rstest;

use crate::files::{CANARY, contains, from_camera, pdf, png};
use crate::world::{Part, World, file, purpose};

#[tokio::test]
async fn an_upload_is_answered_with_what_it_is_and_handed_out_as_an_attachment() {
    let world = World::new().await;
    let token = world.administrator();
    let answer = world
        .upload(&token, &[file(&from_camera(ImageFormat::Jpeg, 6))])
        .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let media = answer.json();
    assert_eq!(media["content_type"], "image/jpeg");
    assert_eq!(
        (&media["width"], &media["height"]),
        (&32.into(), &64.into())
    );
    assert_eq!(media["purpose"], "attachment");
    assert_eq!(media["file_name"], "holiday.exe");
    assert_eq!(media["thumbnail_ready"], false);
    let path = format!("/api/v1/media/{}", media["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), path);
    assert_eq!(answer.header("etag"), "\"1\"");
    assert_eq!(answer.header("consistency-token"), "1");

    let got = world.get(&token, &path).await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(media["sha256"], sha256_hex(&got.body));
    assert_eq!(media["size"], got.body.len());
    assert!(!contains(&got.body, CANARY));
    assert_eq!(got.header("content-type"), "image/jpeg");
    assert_eq!(got.header("x-content-type-options"), "nosniff");
    assert_eq!(got.header("cache-control"), "private, no-cache");
    assert_eq!(
        got.header("content-security-policy"),
        "default-src 'none'; sandbox"
    );
    let name = format!(
        "attachment; filename=\"media-{}.jpg\"",
        media["id"].as_str().unwrap()
    );
    assert_eq!(got.header("content-disposition"), name);

    let tag = got.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", sha256_hex(&got.body)));
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let again = world.get_if_none_match(&token, &path, Some(&known)).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
        assert!(again.body.is_empty());
        assert_eq!(again.header("etag"), tag);
    }
}

#[tokio::test]
async fn a_thumbnail_is_announced_until_it_is_there() {
    let world = World::new().await;
    let token = world.administrator();
    let id = world.uploaded(&token, &png(600, 300)).await;
    let path = format!("/api/v1/media/{id}/thumbnail");
    let early = world.get(&token, &path).await;
    assert_eq!(
        (early.status, early.header("retry-after")),
        (StatusCode::ACCEPTED, "1")
    );

    assert_eq!(world.work().await, 1);
    let ready = world.get(&token, &path).await;
    assert_eq!(ready.status, StatusCode::OK);
    assert_eq!(ready.header("content-type"), "image/png");
    assert_eq!(image::load_from_memory(&ready.body).unwrap().width(), 256);
}

#[tokio::test]
async fn a_document_has_no_thumbnail() {
    let world = World::new().await;
    let token = world.administrator();
    let id = world.uploaded(&token, &pdf()).await;
    assert_eq!(world.work().await, 0);
    let answer = world
        .get(&token, &format!("/api/v1/media/{id}/thumbnail"))
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let document = world.get(&token, &format!("/api/v1/media/{id}")).await;
    assert_eq!(document.header("content-type"), "application/pdf");
}

#[tokio::test]
async fn the_same_key_is_answered_again_and_another_file_under_it_is_refused() {
    let world = World::new().await;
    let token = world.administrator();
    let send = async |bytes: &[u8]| {
        let mut request = world.upload_request(&token, &[file(bytes)]);
        request
            .headers_mut()
            .insert("idempotency-key", HeaderValue::from_static("once"));
        world.send(request).await
    };
    let first = send(&png(20, 20)).await;
    assert_eq!(first.status, StatusCode::CREATED);
    world.work().await;
    let head = world.head().await;

    let second = send(&png(20, 20)).await;
    assert_eq!(
        (second.status, &second.body),
        (StatusCode::CREATED, &first.body)
    );
    assert_eq!(second.header("idempotency-replayed"), "true");
    let other = send(&png(21, 20)).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.json()["code"], "idempotency_key_reused");
    assert_eq!(world.head().await, head);
}

#[tokio::test]
async fn many_uploads_under_one_key_at_once_have_one_effect() {
    let world = World::new().await;
    let token = world.administrator();
    let bytes = png(20, 20);
    let uploads = (0..UPLOADS_OF_A_TENANT_MAX).map(|_| {
        let mut request = world.upload_request(&token, &[file(&bytes)]);
        request
            .headers_mut()
            .insert("idempotency-key", HeaderValue::from_static("at-once"));
        world.send(request)
    });
    let answers = futures::future::join_all(uploads).await;
    let first = answers.first().unwrap();
    assert!(answers.iter().all(|answer| answer.body == first.body));
    assert_eq!(world.head().await, 1);
}

#[tokio::test]
async fn permissions_follow_the_use() {
    use Permission::{InvoiceCreate, InvoiceGetAll, InvoiceGetById, InvoiceUpdate, TenantManage};
    let world = World::new().await;
    let bytes = png(20, 20);
    for (permission, as_logo, as_attachment) in [
        (TenantManage, StatusCode::CREATED, StatusCode::FORBIDDEN),
        (InvoiceCreate, StatusCode::FORBIDDEN, StatusCode::CREATED),
        (InvoiceUpdate, StatusCode::FORBIDDEN, StatusCode::CREATED),
        (InvoiceGetById, StatusCode::FORBIDDEN, StatusCode::FORBIDDEN),
    ] {
        let token = world.token("default", &[permission]);
        let logo = world.upload(&token, &[purpose("logo"), file(&bytes)]).await;
        assert_eq!(logo.status, as_logo, "{permission} as logo");
        let attachment = world
            .upload(&token, &[file(&bytes), purpose("attachment")])
            .await;
        assert_eq!(
            attachment.status, as_attachment,
            "{permission} as attachment"
        );
    }
    let id = world.uploaded(&world.administrator(), &bytes).await;
    for (permission, status) in [
        (InvoiceGetById, StatusCode::OK),
        (TenantManage, StatusCode::OK),
        (InvoiceGetAll, StatusCode::FORBIDDEN),
        (InvoiceCreate, StatusCode::FORBIDDEN),
    ] {
        let token = world.token("default", &[permission]);
        let answer = world.get(&token, &format!("/api/v1/media/{id}")).await;
        assert_eq!(answer.status, status, "{permission}");
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_read() {
    let world = World::new().await;
    let upload = world.upload("no token", &[file(&png(8, 8))]).await;
    assert_eq!(upload.status, StatusCode::UNAUTHORIZED);
    let id = world.uploaded(&world.administrator(), &png(8, 8)).await;
    let read = world.get("no token", &format!("/api/v1/media/{id}")).await;
    assert_eq!(read.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_foreign_an_unknown_and_a_malformed_id_look_the_same() {
    let world = World::new().await;
    let id = world.uploaded(&world.administrator(), &png(8, 8)).await;
    let stranger = world.token("stranger", Permission::ALL);
    let unknown = "0190b5a0-0000-7000-8000-000000000000";
    let mut bodies = Vec::new();
    for id in [id.as_str(), unknown, "not-an-id", "..%2f..%2fetc%2fpasswd"] {
        for ending in ["", "/thumbnail"] {
            let answer = world
                .get(&stranger, &format!("/api/v1/media/{id}{ending}"))
                .await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND);
            let mut problem = answer.json();
            let known = problem.as_object_mut().unwrap();
            known.remove("instance");
            known.remove("trace_id");
            bodies.push(problem);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[rstest]
#[case::svg(b"<svg/>".to_vec(), 415, "unsupported_media_type", "unsupported_media_type")]
#[case::empty(Vec::new(), 400, "invalid_value", "file_empty")]
#[case::truncated(png(40, 40)[..60].to_vec(), 400, "invalid_value", "file_damaged")]
#[case::two_in_one([png(8, 8), b"<script>".to_vec()].concat(), 400, "invalid_value",
    "file_trailing_data")]
#[case::bomb(
    crate::files::png_that_claims(60_000, 60_000),
    400,
    "invalid_value",
    "picture_too_many_pixels"
)]
#[tokio::test]
async fn a_refused_file_is_named_and_nothing_is_written(
    #[case] bytes: Vec<u8>,
    #[case] status: u16,
    #[case] code: &str,
    #[case] error: &str,
) {
    let world = World::new().await;
    let answer = world.upload(&world.administrator(), &[file(&bytes)]).await;
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    let problem = answer.json();
    assert_eq!(problem["code"], code);
    assert_eq!(problem["errors"][0]["code"], error);
    assert_eq!(problem["errors"][0]["pointer"], "/file");
    assert_eq!(world.head().await, 0);
}

#[tokio::test]
async fn a_file_of_eleven_megabytes_is_refused() {
    let world = World::new().await;
    let token = world.administrator();
    for length in [UPLOAD_BYTES_MAX + 1, UPLOAD_BYTES_MAX + (1 << 20)] {
        let answer = world.upload(&token, &[file(&vec![0; length])]).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(answer.json()["code"], "body_too_large");
    }
    assert_eq!(world.head().await, 0);
}

#[tokio::test]
async fn a_logo_must_be_a_picture() {
    let world = World::new().await;
    let answer = world
        .upload(&world.administrator(), &[file(&pdf()), purpose("logo")])
        .await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn every_error_of_the_form_is_named_at_once() {
    let world = World::new().await;
    let token = world.administrator();
    let unknown = Part {
        name: "tenant",
        file_name: None,
        bytes: b"other",
    };
    let answer = world.upload(&token, &[purpose("wallpaper"), unknown]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let problem = answer.json();
    let codes: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["code"].clone())
        .collect();
    assert_eq!(codes, ["invalid_value", "unknown_field", "missing_field"]);

    let twice = world
        .upload(&token, &[file(&png(8, 8)), file(&png(9, 9))])
        .await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    let long = "x".repeat(1_000);
    let long = world
        .upload(&token, &[file(&png(8, 8)), purpose(&long)])
        .await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(world.head().await, 0);
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused() {
    let world = World::new().await;
    let token = world.administrator();
    let mut request = world.upload_request(&token, &[file(&png(8, 8))]);
    request
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("image/png"));
    assert_eq!(
        world.send(request).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );

    let mut cut = world.upload_request(&token, &[]);
    *cut.body_mut() = "--a-boundary-that-is-in-no-file\r\nContent-Dispo".into();
    assert_eq!(world.send(cut).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.head().await, 0);
}

#[tokio::test]
async fn the_name_that_the_sender_gave_is_only_a_name() {
    let world = World::new().await;
    let token = world.administrator();
    let bytes = png(8, 8);
    for (sent, kept) in [
        ("../../etc/passwd", Some("passwd")),
        ("C:\\Users\\me\\logo.png", Some("logo.png")),
        ("evil\u{202e}gnp.exe", None),
        ("", None),
    ] {
        let part = Part {
            name: "file",
            file_name: Some(sent),
            bytes: &bytes,
        };
        let answer = world.upload(&token, &[part]).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{sent:?}");
        assert_eq!(answer.json()["file_name"].as_str(), kept, "{sent:?}");
    }
}

#[tokio::test]
async fn damaged_bytes_are_not_handed_out() {
    let world = World::new().await;
    let token = world.administrator();
    let answer = world.upload(&token, &[file(&png(8, 8))]).await;
    let media = answer.json();
    let hash = media["sha256"].as_str().unwrap();
    let stored = world.folder.path().join("objects/default/media").join(hash);
    std::fs::write(stored, b"<script>alert(1)</script>").unwrap();
    let id = media["id"].as_str().unwrap();
    let got = world.get(&token, &format!("/api/v1/media/{id}")).await;
    assert_eq!(got.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!contains(&got.body, b"script"));
}

#[test]
fn every_route_is_described() {
    let description = serde_json::to_value(invoiceapp_media::openapi()).unwrap();
    let paths: Vec<_> = description["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(
        paths,
        [
            "/api/v1/media",
            "/api/v1/media/{id}",
            "/api/v1/media/{id}/thumbnail"
        ]
    );
}
