//! Whatever may be uploaded as a logo can be put on a page: an invoice names its logo for ever.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage, RgbaImage};
use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::ids::MediaId;
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::media::MEDIA_BYTES_MAX;
use invoiceapp_domain::party::LogoSnapshot;
use invoiceapp_objects::{Objects, area};
use invoiceapp_runtime::JobState;
use lopdf::{Dictionary, Object};
use rstest::rstest;
use uuid::Uuid;

use crate::fixtures::short;
use crate::reader::{read, read_bytes};
use crate::world::{World, stream, tenant};

/// A byte that no compression foresees.
fn noise(x: u32, y: u32) -> u8 {
    let mixed = (x ^ y.rotate_left(16)).wrapping_mul(0x9e37_79b1);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x85eb_ca6b);
    (mixed ^ (mixed >> 13)).to_le_bytes()[0]
}

fn noisy(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([noise(x, y), noise(x, !y), noise(!x, y)])
    }))
}

fn plain(width: u32, height: u32) -> DynamicImage {
    let pixel = image::Rgba([25, 63, 107, 128]);
    DynamicImage::ImageRgba8(RgbaImage::from_pixel(width, height, pixel))
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn logo_size(pictures: &Dictionary) -> Option<(i64, i64)> {
    let is_picture = pictures.get(b"Subtype").and_then(Object::as_name).ok() == Some(b"Image");
    let side = |key: &[u8]| pictures.get(key).and_then(Object::as_i64).unwrap();
    is_picture.then(|| (side(b"Width"), side(b"Height")))
}

#[rstest]
#[case::webp(plain(300, 100), ImageFormat::WebP, (300, 100))]
#[case::longer_than_8000_pixels(plain(40_000, 600), ImageFormat::Png, (800, 12))]
#[case::most_pixels(plain(5_000, 5_000), ImageFormat::Png, (800, 800))]
#[case::most_elongated(plain(500, 50_000), ImageFormat::Png, (8, 800))]
#[case::webp_of_most_pixels(plain(16_000, 1_562), ImageFormat::WebP, (800, 78))]
fn a_picture_within_the_limits_of_uploads_is_put_on_the_page(
    #[case] picture: DynamicImage,
    #[case] format: ImageFormat,
    #[case] size: (i64, i64),
) {
    let mut document = short(Locale::En);
    document.logo = Some(encoded(&picture, format));
    let file = read(&document);
    let sizes: Vec<_> = file.dictionaries().filter_map(logo_size).collect();
    assert_eq!(sizes, [size]);
}

#[rstest]
#[case::webp(noisy(1_700, 1_700), ImageFormat::WebP)]
#[case::png(noisy(9_000, 300), ImageFormat::Png)]
#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_with_a_logo_of_more_than_4_megabytes_gets_its_rendering(
    #[case] picture: DynamicImage,
    #[case] format: ImageFormat,
) {
    let logo = encoded(&picture, format);
    let length = u64::try_from(logo.len()).unwrap();
    assert!((4 << 20..MEDIA_BYTES_MAX).contains(&length), "{length}");
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    let snapshot = LogoSnapshot {
        media_id: MediaId(Uuid::from_u128(5)),
        sha256: Sha256Hex::of(&logo),
    };
    world
        .objects
        .put_if_absent(&tenant(), area::MEDIA, logo.into())
        .await
        .unwrap();
    world.draft(&stream(1)).await;
    world.issue(&stream(1), Some(snapshot)).await;
    world.work().await;
    let jobs = world.jobs().await;
    assert_eq!((jobs.len(), jobs[0].state), (1, JobState::Done));
    let invoice = world.invoice(&stream(1)).await;
    let rendering = &invoice.as_issued().unwrap().renderings;
    let sha256 = rendering.iter().next().unwrap().sha256.as_str();
    let file = read_bytes(world.stored(sha256).await.unwrap().to_vec());
    assert_eq!(file.dictionaries().filter_map(logo_size).count(), 1);
}
