//! PDFs against the sanitizer.

use invoiceapp_domain::media::ContentType;
use invoiceapp_media::SanitizeError;
use invoiceapp_media::sanitize::{PDF_OBJECTS_MAX, PDF_PAGES_MAX, sanitize};
use lopdf::{Dictionary, Document, Object, Stream, dictionary};
use rstest::rstest;

use crate::files::{CANARY, contains, document, pdf, raw_pdf, saved, with_catalog, with_page};

fn clean(document: Document) -> Vec<u8> {
    sanitize(&saved(document)).unwrap().bytes
}

fn refused(bytes: &[u8]) -> SanitizeError {
    sanitize(bytes).unwrap_err()
}

fn text_of(bytes: &[u8]) -> String {
    Document::load_mem(bytes)
        .unwrap()
        .extract_text(&[1])
        .unwrap()
}

const SCRIPT: &str = "app.alert('canary-script')";

fn script() -> Object {
    let script = Object::string_literal(SCRIPT);
    dictionary! { "Type" => "Action", "S" => "JavaScript", "JS" => script }.into()
}

fn attachment(document: &mut Document) -> Object {
    let file = Stream::new(
        dictionary! { "Type" => "EmbeddedFile" },
        b"canary-script".to_vec(),
    );
    let file = document.add_object(file);
    let name = Object::string_literal("evil.exe");
    dictionary! { "Type" => "Filespec", "F" => name, "EF" => dictionary! { "F" => file } }.into()
}

#[test]
fn a_document_keeps_its_pages_and_its_text() {
    let sanitized = sanitize(&pdf()).unwrap();
    assert_eq!(sanitized.content_type, ContentType::Pdf);
    assert_eq!(sanitized.pixels, None);
    assert_eq!(text_of(&sanitized.bytes).trim(), "An honest receipt");
}

#[test]
fn the_same_document_gives_the_same_bytes_and_passes_again_unchanged() {
    let once = sanitize(&pdf()).unwrap();
    assert_eq!(sanitize(&pdf()).unwrap(), once);
    assert_eq!(sanitize(&once.bytes).unwrap(), once);
}

#[test]
fn who_made_it_vanishes() {
    let mut document = document();
    let canary = || Object::string_literal(CANARY.to_vec());
    let info = document.add_object(dictionary! { "Author" => canary(), "Title" => canary() });
    document.trailer.set("Info", info);
    document.trailer.set("ID", vec![canary(), canary()]);
    let xmp = dictionary! { "Type" => "Metadata", "Subtype" => "XML" };
    let xmp = document.add_object(Stream::new(xmp, CANARY.to_vec()));
    let document = with_catalog(document, "Metadata", xmp.into());
    let private = dictionary! { "Maker" => canary() };
    let document = with_page(document, "PieceInfo", private.into());
    assert!(!contains(&clean(document), CANARY));
}

#[test]
fn what_would_run_when_the_document_is_opened_vanishes() {
    let names = dictionary! { "Names" => vec![Object::string_literal("boot"), script()] };
    let names = dictionary! { "JavaScript" => names };
    for document in [
        with_catalog(document(), "OpenAction", script()),
        with_catalog(document(), "AA", dictionary! { "WC" => script() }.into()),
        with_catalog(document(), "Names", names.into()),
        with_page(document(), "AA", dictionary! { "O" => script() }.into()),
    ] {
        let bytes = clean(document);
        assert!(!contains(&bytes, SCRIPT.as_bytes()) && !contains(&bytes, b"JavaScript"));
        assert_eq!(text_of(&bytes).trim(), "An honest receipt");
    }
}

#[test]
fn a_script_in_a_stream_that_is_referred_to_from_deep_inside_vanishes() {
    let mut document = document();
    let code = document.add_object(Stream::new(Dictionary::new(), SCRIPT.as_bytes().to_vec()));
    let action = dictionary! { "S" => "JavaScript", "JS" => code };
    let action = document.add_object(action);
    let next = dictionary! { "S" => "GoTo", "D" => "x", "Next" => vec![action.into()] };
    let link = dictionary! { "Type" => "Annot", "Subtype" => "Link", "A" => next };
    let link = document.add_object(link);
    let bytes = clean(with_page(document, "Annots", vec![link.into()].into()));
    assert!(!contains(&bytes, b"JavaScript") && !contains(&bytes, SCRIPT.as_bytes()));
    assert!(
        contains(&bytes, b"GoTo"),
        "going to a place in the document is harmless"
    );
}

#[rstest]
#[case("Launch")]
#[case("URI")]
#[case("SubmitForm")]
#[case("ImportData")]
#[case("GoToR")]
#[case("GoToE")]
#[case("Rendition")]
fn an_action_that_leaves_the_document_vanishes(#[case] kind: &str) {
    let target = Object::string_literal("canary-target");
    let action = dictionary! {
        "S" => kind, "F" => target.clone(), "URI" => target.clone(), "D" => target,
    };
    let link = dictionary! { "Type" => "Annot", "Subtype" => "Link", "A" => action };
    let bytes = clean(with_page(document(), "Annots", vec![link.into()].into()));
    assert!(!contains(&bytes, b"canary-target"));
}

#[rstest]
#[case("RichMedia")]
#[case("FileAttachment")]
#[case("Movie")]
#[case("Sound")]
#[case("Screen")]
#[case("3D")]
fn an_annotation_that_plays_or_carries_something_vanishes(#[case] kind: &str) {
    let mut document = document();
    let file = attachment(&mut document);
    let annotation = dictionary! { "Type" => "Annot", "Subtype" => kind, "FS" => file };
    let annotation = document.add_object(annotation);
    let bytes = clean(with_page(
        document,
        "Annots",
        vec![annotation.into()].into(),
    ));
    assert!(!contains(&bytes, b"canary-script") && !contains(&bytes, b"evil.exe"));
}

#[test]
fn embedded_files_vanish() {
    let mut document = document();
    let file = attachment(&mut document);
    let files = vec![Object::string_literal("evil.exe"), file.clone()];
    let names = dictionary! { "EmbeddedFiles" => dictionary! { "Names" => files } };
    let document = with_catalog(document, "Names", names.into());
    let bytes = clean(with_catalog(document, "AF", vec![file].into()));
    assert!(!contains(&bytes, b"canary-script") && !contains(&bytes, b"evil.exe"));
}

#[test]
fn a_name_that_is_spelled_in_hexadecimal_is_the_same_name() {
    let bodies = [
        b"<< /Type /Catalog /Pages 2 0 R /Open#41ction << /S /J#61vaScript /J#53 (evil()) >> >>"
            .to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /#41A << /O << /S /Launch >> >> >>"
            .to_vec(),
    ];
    let bytes = sanitize(&raw_pdf(&bodies, "")).unwrap().bytes;
    assert!(!contains(&bytes, b"evil") && !contains(&bytes, b"Launch"));
}

#[test]
fn what_an_update_left_behind_vanishes() {
    let mut document = document();
    document.add_object(Stream::new(
        Dictionary::new(),
        b"canary-unreferenced".to_vec(),
    ));
    assert!(!contains(&clean(document), b"canary-unreferenced"));
}

#[test]
fn an_encrypted_document_is_refused() {
    let bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R >>".to_vec(),
        b"<< /Filter /Standard /V 1 /R 2 /O (abcdefghijklmnopqrstuvwxyzabcdef) \
          /U (abcdefghijklmnopqrstuvwxyzabcdef) /P -4 >>"
            .to_vec(),
    ];
    let bytes = raw_pdf(&bodies, "/Encrypt 4 0 R /ID [(a) (a)]");
    assert_eq!(refused(&bytes), SanitizeError::Encrypted);
}

#[test]
fn a_compression_bomb_is_refused() {
    let mut document = document();
    let mut bomb = Stream::new(Dictionary::new(), vec![b' '; 40 << 20]);
    bomb.compress().unwrap();
    assert!(bomb.content.len() < 100_000);
    let bomb = document.add_object(bomb);
    let bytes = saved(with_page(document, "Contents", bomb.into()));
    assert_eq!(refused(&bytes), SanitizeError::ExpandsTooMuch);
}

#[test]
fn too_many_pages_are_refused() {
    let with_pages = |count: usize| {
        let mut document = document();
        let page = document.page_iter().next().unwrap();
        let page = document.get_dictionary(page).unwrap().clone();
        let kids: Vec<Object> = (0..count)
            .map(|_| document.add_object(page.clone()).into())
            .collect();
        let pages = page.get(b"Parent").unwrap().as_reference().unwrap();
        document
            .get_dictionary_mut(pages)
            .unwrap()
            .set("Kids", kids);
        saved(document)
    };
    assert!(sanitize(&with_pages(PDF_PAGES_MAX)).is_ok());
    assert_eq!(
        refused(&with_pages(PDF_PAGES_MAX + 1)),
        SanitizeError::TooManyPages
    );
}

#[test]
fn too_many_objects_are_refused() {
    let mut document = document();
    for _ in 0..PDF_OBJECTS_MAX {
        document.add_object(Object::Null);
    }
    assert_eq!(refused(&saved(document)), SanitizeError::TooComplex);
}

#[test]
fn a_table_that_names_one_large_object_many_times_is_refused() {
    let array = [b"[".as_slice(), &b"0 ".repeat(1_000), b"]"].concat();
    let mut bytes = b"%PDF-1.7\n1 0 obj\n".to_vec();
    bytes.extend(array);
    bytes.extend_from_slice(b"\nendobj\n");
    let start = bytes.len();
    bytes.extend_from_slice(b"xref\n0 30001\n0000000000 65535 f \n");
    bytes.extend(b"0000000009 00000 n \n".repeat(30_000));
    let end = format!("trailer\n<< /Size 30001 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF");
    bytes.extend(end.into_bytes());
    // Which of the two limits is met first is a matter of the machine.
    let stopped = [SanitizeError::TooComplex, SanitizeError::TooSlow];
    assert!(stopped.contains(&refused(&bytes)));
}

#[test]
fn a_page_tree_that_bites_its_tail_is_refused() {
    let bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 1 >>".to_vec(),
    ];
    assert_eq!(refused(&raw_pdf(&bodies, "")), SanitizeError::Damaged);
}

#[rstest]
#[case(b"[", b"]")]
#[case(b"<</A ", b">>")]
#[case(b"(", b")")]
fn nesting_without_end_is_no_harm(#[case] open: &[u8], #[case] close: &[u8]) {
    let deep = [open.repeat(100_000), close.repeat(100_000)].concat();
    let bodies = [
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R >>".to_vec(),
        deep,
    ];
    // Whether the part is dropped or the file refused: the program is still there.
    let _either = sanitize(&raw_pdf(&bodies, ""));
}

#[test]
fn a_truncated_document_is_refused_wherever_it_ends() {
    let bytes = pdf();
    for length in (5..bytes.len() - 6).step_by(11) {
        assert_eq!(
            refused(bytes.get(..length).unwrap()),
            SanitizeError::Damaged,
            "{length}"
        );
    }
}

#[test]
fn flipped_bits_never_do_worse_than_a_refusal() {
    let bytes = saved(with_catalog(document(), "OpenAction", script()));
    for place in 0..bytes.len() {
        let mut flipped = bytes.clone();
        *flipped.get_mut(place).unwrap() ^= 0x04;
        if let Ok(sanitized) = sanitize(&flipped) {
            assert!(
                !contains(&sanitized.bytes, b"JavaScript"),
                "bit of byte {place}"
            );
        }
    }
}

#[rstest]
#[case(b"<html><script>alert(1)</script></html>".as_slice())]
#[case(b"PK\x03\x04\x14\0\0\0\0\0".as_slice())]
fn a_second_file_behind_a_document_is_refused(#[case] second: &[u8]) {
    let bytes = [pdf().as_slice(), b"\n", second].concat();
    assert_eq!(refused(&bytes), SanitizeError::TrailingData);
}

#[test]
fn a_second_file_before_a_document_is_refused() {
    let bytes = [b"<html>".as_slice(), &pdf()].concat();
    assert_eq!(refused(&bytes), SanitizeError::UnsupportedType);
}

#[test]
fn a_header_alone_is_no_document() {
    assert_eq!(refused(b"%PDF-1.7\n%%EOF"), SanitizeError::Damaged);
}
