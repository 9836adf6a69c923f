//! Pictures against the sanitizer.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{GenericImageView, ImageFormat, Rgba};
use invoiceapp_domain::media::{ContentType, PixelSize};
use invoiceapp_media::sanitize::{
    ASPECT_RATIO_MAX, THUMBNAIL_SIDE_PIXELS_MAX, UPLOAD_BYTES_MAX, sanitize, thumbnail,
};
use invoiceapp_media::{SanitizeError, Sanitized};
use rstest::rstest;

use crate::files::{
    CANARY, contains, encoded, from_camera, picture, png, png_that_claims, png_with, transparent,
};

fn refused(bytes: &[u8]) -> SanitizeError {
    sanitize(bytes).unwrap_err()
}

fn decoded(sanitized: &Sanitized) -> image::DynamicImage {
    image::load_from_memory(&sanitized.bytes).unwrap()
}

const FORMATS: [(ImageFormat, ContentType); 3] = [
    (ImageFormat::Png, ContentType::Png),
    (ImageFormat::Jpeg, ContentType::Jpeg),
    (ImageFormat::WebP, ContentType::Webp),
];

#[test]
fn a_picture_keeps_its_type_its_size_and_its_pixels() {
    for (format, content_type) in FORMATS {
        let original = picture(120, 80);
        let sanitized = sanitize(&encoded(&original, format)).unwrap();
        assert_eq!(sanitized.content_type, content_type);
        assert_eq!(
            sanitized.pixels,
            Some(PixelSize {
                width: 120,
                height: 80
            })
        );
        let again = decoded(&sanitized);
        for (x, y) in [(10, 10), (110, 10), (10, 70), (110, 70)] {
            let (was, is) = (original.get_pixel(x, y), again.get_pixel(x, y));
            let apart = was
                .0
                .iter()
                .zip(is.0)
                .map(|(was, is)| was.abs_diff(is))
                .max()
                .unwrap();
            assert!(apart < 12, "{format:?} at {x},{y}: {was:?} became {is:?}");
        }
    }
}

#[test]
fn the_same_picture_gives_the_same_bytes() {
    for (format, _) in FORMATS {
        let bytes = from_camera(format, 1);
        assert_eq!(sanitize(&bytes).unwrap(), sanitize(&bytes).unwrap());
    }
}

#[test]
fn what_was_sanitized_passes_again_unchanged() {
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let once = sanitize(&encoded(&transparent(40, 30), format)).unwrap();
        assert_eq!(sanitize(&once.bytes).unwrap(), once);
    }
}

#[test]
fn transparency_survives() {
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let sanitized = sanitize(&encoded(&transparent(40, 30), format)).unwrap();
        assert_eq!(decoded(&sanitized).get_pixel(7, 3), Rgba([10, 20, 30, 7]));
    }
}

#[test]
fn where_a_camera_was_vanishes() {
    for (format, _) in FORMATS {
        let sanitized = sanitize(&from_camera(format, 1)).unwrap();
        assert!(!contains(&sanitized.bytes, CANARY), "{format:?}");
        assert!(!contains(&sanitized.bytes, b"Exif") && !contains(&sanitized.bytes, b"eXIf"));
    }
}

#[rstest]
#[case(*b"tEXt", b"Comment\0")]
#[case(*b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0")]
#[case(*b"prVt", b"")]
fn comments_of_a_png_vanish(#[case] kind: [u8; 4], #[case] prefix: &[u8]) {
    let data = [prefix, CANARY].concat();
    let sanitized = sanitize(&png_with(kind, &data)).unwrap();
    assert!(!contains(&sanitized.bytes, CANARY));
}

#[test]
fn a_comment_of_a_jpeg_vanishes() {
    let mut bytes = encoded(&picture(16, 16), ImageFormat::Jpeg);
    let mut comment = vec![0xff, 0xfe];
    comment.extend(u16::try_from(CANARY.len() + 2).unwrap().to_be_bytes());
    comment.extend_from_slice(CANARY);
    bytes.splice(2..2, comment);
    assert!(!contains(&sanitize(&bytes).unwrap().bytes, CANARY));
}

#[test]
fn the_rotation_of_the_camera_is_applied() {
    for (format, _) in FORMATS {
        // 6: the camera was held upright; the right way up is a quarter turn clockwise.
        let sanitized = sanitize(&from_camera(format, 6)).unwrap();
        assert_eq!(
            sanitized.pixels,
            Some(PixelSize {
                width: 32,
                height: 64
            }),
            "{format:?}"
        );
        let [red, green, blue, _] = decoded(&sanitized).get_pixel(4, 4).0;
        assert!(
            blue > 150 && red < 60 && green < 60,
            "{format:?}: low left became high left"
        );
    }
}

#[test]
fn sixteen_bits_become_eight() {
    let deep = picture(20, 20).into_rgb16();
    let bytes = encoded(&image::DynamicImage::ImageRgb16(deep), ImageFormat::Png);
    assert_eq!(
        decoded(&sanitize(&bytes).unwrap()).color(),
        image::ColorType::Rgb8
    );
}

#[rstest]
#[case::svg(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")]
#[case::svg_with_declaration(b"<?xml version='1.0'?><svg onload='alert(1)'/>")]
#[case::html(b"<!DOCTYPE html><html><script>alert(1)</script></html>")]
#[case::gif(b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;")]
#[case::zip(b"PK\x03\x04\x14\0\0\0\0\0")]
#[case::executable(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0")]
#[case::tiff(b"II*\0\x08\0\0\0")]
#[case::text(b"hello")]
fn other_types_are_refused_by_their_content(#[case] bytes: &[u8]) {
    assert_eq!(refused(bytes), SanitizeError::UnsupportedType);
}

#[test]
fn an_empty_file_is_refused() {
    assert_eq!(refused(b""), SanitizeError::Empty);
}

#[test]
fn a_file_that_is_too_large_is_refused_before_it_is_looked_at() {
    let mut bytes = png(8, 8);
    bytes.resize(UPLOAD_BYTES_MAX + 1, 0);
    assert_eq!(refused(&bytes), SanitizeError::TooLarge);
}

#[rstest]
#[case(5_001, 5_000)]
#[case(100_000, 1_000)]
#[case(65_535, 65_535)]
fn a_pixel_bomb_is_refused_by_what_its_header_says(#[case] width: u32, #[case] height: u32) {
    assert_eq!(
        refused(&png_that_claims(width, height)),
        SanitizeError::TooManyPixels
    );
}

#[rstest]
#[case(u32::MAX >> 1, 1)]
#[case(u32::MAX >> 1, u32::MAX >> 1)]
fn a_picture_of_the_largest_size_that_can_be_written_is_refused(
    #[case] width: u32,
    #[case] height: u32,
) {
    let error = refused(&png_that_claims(width, height));
    let expected = [SanitizeError::TooManyPixels, SanitizeError::ExpandsTooMuch];
    assert!(expected.contains(&error), "{error:?}");
}

#[test]
fn a_picture_far_longer_than_wide_is_refused() {
    let most = ASPECT_RATIO_MAX * 2;
    assert!(sanitize(&png(most, 2)).is_ok());
    assert_eq!(refused(&png(most + 2, 2)), SanitizeError::TooElongated);
    assert_eq!(refused(&png(2, most + 2)), SanitizeError::TooElongated);
}

#[test]
fn a_small_file_that_becomes_a_huge_picture_is_refused() {
    let flat = image::DynamicImage::ImageRgb8(image::RgbImage::new(4_000, 4_000));
    let mut bytes = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::NoFilter);
    flat.write_with_encoder(encoder).unwrap();
    assert!(bytes.len() < 100_000);
    assert_eq!(refused(&bytes), SanitizeError::ExpandsTooMuch);
}

#[test]
fn a_flat_logo_is_no_bomb() {
    let flat = image::DynamicImage::ImageRgb8(image::RgbImage::new(1_500, 600));
    assert!(sanitize(&encoded(&flat, ImageFormat::Png)).is_ok());
}

#[test]
fn a_truncated_picture_is_damaged_wherever_it_ends() {
    for (format, _) in FORMATS {
        let bytes = encoded(&picture(40, 40), format);
        for length in (16..bytes.len() - 2).step_by(7) {
            let error = refused(bytes.get(..length).unwrap());
            assert_eq!(error, SanitizeError::Damaged, "{format:?} cut at {length}");
        }
    }
}

#[test]
fn flipped_bits_never_do_worse_than_a_refusal() {
    for (format, _) in FORMATS {
        let bytes = from_camera(format, 3);
        for place in 0..bytes.len() {
            let mut flipped = bytes.clone();
            *flipped.get_mut(place).unwrap() ^= 0x10;
            if let Ok(sanitized) = sanitize(&flipped) {
                assert!(!contains(&sanitized.bytes, CANARY.get(..8).unwrap()));
            }
        }
    }
}

#[rstest]
#[case::web_page(b"<script>alert(1)</script>".as_slice())]
#[case::archive(b"PK\x03\x04\x14\0\0\0\0\0".as_slice())]
#[case::document(b"%PDF-1.7\n%%EOF".as_slice())]
fn a_second_file_behind_a_picture_is_refused(#[case] second: &[u8]) {
    for (format, _) in FORMATS {
        let bytes = [encoded(&picture(16, 16), format).as_slice(), second].concat();
        assert_eq!(refused(&bytes), SanitizeError::TrailingData, "{format:?}");
    }
}

#[test]
fn a_preview_behind_a_photograph_is_dropped() {
    let (photograph, preview) = (picture(64, 64), picture(8, 8));
    let one = encoded(&photograph, ImageFormat::Jpeg);
    let two = [one.as_slice(), &encoded(&preview, ImageFormat::Jpeg)].concat();
    assert_eq!(sanitize(&two).unwrap(), sanitize(&one).unwrap());
}

#[test]
fn a_script_inside_a_picture_does_not_survive() {
    let script = b"<script>alert(document.domain)</script>";
    let sanitized = sanitize(&png_with(*b"tEXt", &[b"x\0".as_slice(), script].concat())).unwrap();
    assert!(!contains(&sanitized.bytes, b"script"));
}

#[test]
fn a_thumbnail_is_small_and_never_larger_than_the_picture() {
    let side = THUMBNAIL_SIDE_PIXELS_MAX;
    for ((width, height), expected) in [
        ((1_000, 500), (side, side / 2)),
        ((100, 1_000), (26, side)),
        ((40, 30), (40, 30)),
        ((2_000, 20), (side, 3)),
    ] {
        let (bytes, pixels) = thumbnail(&png(width, height), ContentType::Png).unwrap();
        assert_eq!((pixels.width, pixels.height), expected);
        let decoded = image::load_from_memory_with_format(&bytes, ImageFormat::Png).unwrap();
        assert_eq!(decoded.dimensions(), expected);
    }
}
