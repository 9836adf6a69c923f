//! Writes sample documents into a folder, to be looked at:
//! `cargo run -p invoiceapp-pdf --example samples -- FOLDER`.
#![expect(
    clippy::unwrap_used,
    reason = "a tool for developers, which may stop at the first error"
)]

#[path = "../tests/suite/fixtures.rs"]
mod fixtures;

use std::path::PathBuf;

use invoiceapp_domain::locale::Locale;
use invoiceapp_pdf::{Assets, render};

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    let assets = Assets::new();
    let mut samples = vec![
        ("long-de".to_owned(), fixtures::long(Locale::De, 55)),
        ("scripts".to_owned(), fixtures::many_scripts()),
        ("gross-draft-fr".to_owned(), fixtures::gross_draft()),
        ("gross-en".to_owned(), fixtures::gross(Locale::En)),
        ("gross-vi".to_owned(), fixtures::gross(Locale::Vi)),
        (
            "jpy-vi".to_owned(),
            fixtures::in_currency(Locale::Vi, "JPY"),
        ),
        (
            "kwd-pl".to_owned(),
            fixtures::in_currency(Locale::Pl, "KWD"),
        ),
        ("crowded-de".to_owned(), fixtures::crowded(Locale::De)),
        ("crowded-en".to_owned(), fixtures::crowded(Locale::En)),
    ];
    for locale in Locale::ALL {
        samples.push((format!("short-{locale}"), fixtures::short(locale)));
    }
    for (name, document) in samples {
        let bytes = render(&document, &assets).unwrap().bytes;
        std::fs::write(folder.join(format!("{name}.pdf")), bytes).unwrap();
    }
}
