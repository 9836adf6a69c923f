//! Reads a file back, by another path than the one that wrote it.

use std::sync::LazyLock;

use invoiceapp_pdf::{Assets, InvoiceDocument, render};
use lopdf::{Document, Object};

/// One for all tests, as a process has one: that fresh ones change nothing is a test of its own.
pub(crate) static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::new);

/// A rendered file, parsed.
pub(crate) struct ReadFile {
    pub(crate) bytes: Vec<u8>,
    pub(crate) file: Document,
}

pub(crate) fn read(document: &InvoiceDocument) -> ReadFile {
    read_bytes(render(document, &ASSETS).unwrap().bytes)
}

pub(crate) fn read_bytes(bytes: Vec<u8>) -> ReadFile {
    let file = Document::load_mem(&bytes).unwrap();
    ReadFile { bytes, file }
}

impl ReadFile {
    /// The text of each page, through the fonts' ToUnicode maps; no-break spaces as plain ones.
    pub(crate) fn pages(&self) -> Vec<String> {
        let numbers: Vec<u32> = self.file.get_pages().into_keys().collect();
        numbers
            .iter()
            .map(|number| plain(&self.file.extract_text(&[*number]).unwrap()))
            .collect()
    }

    pub(crate) fn text(&self) -> String {
        self.pages().join("\n")
    }

    /// The text of all pages without any space: the reader puts some of its own between fonts.
    pub(crate) fn squeezed(&self) -> String {
        self.text().split_whitespace().collect()
    }

    /// The base fonts, without their subset prefix.
    pub(crate) fn fonts(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .dictionaries()
            .filter(|dictionary| {
                dictionary.get(b"Subtype").and_then(Object::as_name).ok() == Some(b"Type0")
            })
            .map(|dictionary| {
                let name = dictionary
                    .get(b"BaseFont")
                    .and_then(Object::as_name)
                    .unwrap();
                let name = String::from_utf8(name.to_vec()).unwrap();
                let (prefix, name) = name.split_once('+').unwrap();
                assert!(prefix.len() == 6 && prefix.bytes().all(|byte| byte.is_ascii_uppercase()));
                name.to_owned()
            })
            .collect();
        names.sort();
        names
    }

    /// Every dictionary of the file, those of streams included.
    pub(crate) fn dictionaries(&self) -> impl Iterator<Item = &lopdf::Dictionary> {
        self.file
            .objects
            .values()
            .filter_map(|object| match object {
                Object::Dictionary(dictionary) => Some(dictionary),
                Object::Stream(stream) => Some(&stream.dict),
                _ => None,
            })
    }
}

/// A text with plain spaces.
pub(crate) fn plain(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}
