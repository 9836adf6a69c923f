//! The same document gives the same bytes: in one process, from fresh assets, from many threads,
//! and in another process.

use std::process::Command;

use invoiceapp_domain::locale::Locale;
use invoiceapp_pdf::{Assets, InvoiceDocument, render};
use sha2::{Digest, Sha256};

use crate::fixtures::{crowded, gross_draft, long, many_scripts, short};
use crate::reader::read_bytes;

const MARK: &str = "digests:";

fn documents() -> [InvoiceDocument; 5] {
    [
        short(Locale::De),
        long(Locale::Pl, 60),
        many_scripts(),
        gross_draft(),
        crowded(Locale::Vi),
    ]
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn digests(assets: &Assets) -> String {
    documents()
        .iter()
        .map(|document| digest(&render(document, assets).unwrap().bytes))
        .collect()
}

#[test]
fn a_hundred_renderings_are_the_same_bytes() {
    let assets = Assets::new();
    let document = short(Locale::En);
    let first = render(&document, &assets).unwrap();
    for _ in 1..100 {
        assert!(render(&document, &assets).unwrap() == first);
    }
}

#[test]
fn fresh_assets_and_other_threads_give_the_same_bytes() {
    let assets = Assets::new();
    let expected = digests(&assets);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| digests(&assets))).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), expected);
        }
    });
    assert_eq!(digests(&Assets::new()), expected);
}

#[test]
fn another_process_gives_the_same_bytes() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "determinism::the_digests_are_printed_for_another_process",
        ])
        .args(["--nocapture", "--test-threads=1"])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let theirs = printed
        .split_once(MARK)
        .unwrap()
        .1
        .split_whitespace()
        .next()
        .unwrap();
    assert_eq!(theirs, digests(&Assets::new()));
}

#[test]
fn the_digests_are_printed_for_another_process() {
    // In another order and after another document, so that what a process did before is no matter.
    let assets = Assets::new();
    render(&long(Locale::Es, 3), &assets).unwrap();
    println!("{MARK}{}", digests(&assets));
}

#[test]
fn the_identifier_of_a_file_is_made_of_its_content() {
    let id = |document: &InvoiceDocument| {
        let file = read_bytes(render(document, &Assets::new()).unwrap().bytes).file;
        format!("{:?}", file.trailer.get(b"ID").unwrap())
    };
    let mut other = short(Locale::En);
    assert_eq!(id(&short(Locale::En)), id(&other));
    other.number = Some("INV-2026-00043".to_owned());
    assert_ne!(id(&short(Locale::En)), id(&other));
}
