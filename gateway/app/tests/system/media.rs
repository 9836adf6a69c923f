//! Uploads, and the logo on the document.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use rstest::rstest;
use serde_json::json;

use crate::api::{Answer, Client, draft, id, organization};
use crate::system::{System, Way};

/// A PNG of one opaque red pixel row, 8 × 4.
fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_pixel(8, 4, image::Rgb([200, 30, 30]));
    pixels
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

async fn upload(client: &Client, bytes: Vec<u8>, name: &str, purpose: &str) -> Answer {
    let part = Part::bytes(bytes).file_name(name.to_owned());
    let form = Form::new()
        .text("purpose", purpose.to_owned())
        .part("file", part);
    client
        .send(client.request(Method::POST, "/media").multipart(form))
        .await
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn a_logo_is_uploaded_shown_and_put_on_the_document(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let logo = upload(&admin, png(), "../../logo.php", "logo")
        .await
        .expect(201);
    assert_eq!(logo["content_type"], "image/png");
    let path = format!("/media/{}", id(&logo));
    let download = admin.get(&path).await;
    assert_eq!(download.status, 200);
    assert_eq!(download.header("x-content-type-options"), "nosniff");
    assert!(
        download
            .header("content-disposition")
            .starts_with("attachment")
    );
    assert!(!download.header("content-disposition").contains("php"));
    admin
        .eventually(&format!("{path}/thumbnail"), |answer| answer.status == 200)
        .await;

    let mut seller = organization();
    seller["logo_media_id"] = json!(id(&logo));
    admin.put("/organization", seller).await.expect(200);
    let invoice = admin.post("/invoices", draft()).await.expect(201);
    let path = format!("/invoices/{}", id(&invoice));
    admin
        .post(&format!("{path}/issue"), json!({}))
        .await
        .expect(200);
    let pdf = admin
        .eventually(&format!("{path}/pdf"), |answer| answer.status == 200)
        .await;
    let document = lopdf::Document::load_mem(&pdf.bytes).unwrap();
    let is_image = |object: &&lopdf::Object| {
        let subtype = object
            .as_stream()
            .and_then(|stream| stream.dict.get(b"Subtype"));
        subtype
            .and_then(lopdf::Object::as_name)
            .is_ok_and(|name| name == b"Image")
    };
    let images = document.objects.values().filter(is_image);
    assert_eq!(images.count(), 1);
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn what_is_not_a_picture_or_pdf_is_refused(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec();
    let refused = upload(&admin, svg, "logo.png", "logo").await;
    assert!(matches!(refused.status.as_u16(), 400 | 415), "{refused:?}");
    let mut truncated = png();
    truncated.truncate(40);
    let refused = upload(&admin, truncated, "logo.png", "logo").await;
    assert!(matches!(refused.status.as_u16(), 400 | 415), "{refused:?}");
    let huge = upload(&admin, vec![0; 12 << 20], "logo.png", "logo").await;
    assert_eq!(huge.status, 413);
}
