//! How long a rendering takes: `cargo bench -p invoiceapp-pdf`. Each row is the median and the
//! ninth decile of many renderings in one process, fonts parsed before; the first row is what a
//! process pays once.
#![expect(clippy::print_stdout, reason = "the table is the bench's result")]
#![expect(clippy::unwrap_used, reason = "a bench may stop at the first error")]

#[path = "../tests/suite/fixtures.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod fixtures;

use std::hint::black_box;
use std::time::{Duration, Instant};

use invoiceapp_domain::locale::Locale;
use invoiceapp_pdf::{Assets, InvoiceDocument, render};

/// Renderings per row.
const ROUNDS: usize = 60;

fn main() {
    // Cargo runs benches as tests too, with this argument; then one round proves that they work.
    let rounds = if std::env::args().any(|argument| argument == "--test") {
        1
    } else {
        ROUNDS
    };
    println!(
        "{:<44} {:>9} {:>9} {:>9} {:>6}",
        "document", "median ms", "p90 ms", "bytes", "limit"
    );
    let first = Assets::new();
    let begun = Instant::now();
    let bytes = render(&fixtures::many_scripts(), &first).unwrap();
    row(
        "all fonts, first in the process",
        &[begun.elapsed()],
        bytes.len(),
        "",
    );
    let with_logo = InvoiceDocument {
        logo: Some(fixtures::logo_png()),
        ..fixtures::long(Locale::De, 10)
    };
    let mut arabic = fixtures::long(Locale::De, 10);
    arabic.lines[3].name = "مثقاب كهربائي مع بطاريتين".to_owned();
    let mut han = fixtures::long(Locale::De, 10);
    han.lines[3].name = "电钻，含两块电池，型号".to_owned();
    let mut hangul = fixtures::long(Locale::De, 10);
    hangul.lines[3].name = "전동 드릴, 배터리 2개 포함".to_owned();
    let documents = [
        ("10 lines, Latin", fixtures::long(Locale::De, 10), "2"),
        ("10 lines, Latin, with a logo", with_logo, ""),
        ("10 lines, one of them Arabic", arabic, "20"),
        ("10 lines, one of them Chinese", han, "20"),
        ("10 lines, one of them Korean", hangul, "20"),
        (
            "6 lines in Arabic, Chinese, Japanese, Korean",
            fixtures::many_scripts(),
            "20",
        ),
        ("100 lines, Latin", fixtures::long(Locale::De, 100), ""),
        ("500 lines, Latin", fixtures::long(Locale::De, 500), "40"),
        ("2,000 lines, Latin", fixtures::long(Locale::De, 2_000), ""),
    ];
    let assets = Assets::new();
    for (name, document, limit) in documents {
        let size = render(&document, &assets).unwrap().len();
        let times: Vec<Duration> = (0..rounds)
            .map(|_| {
                let begun = Instant::now();
                black_box(render(black_box(&document), &assets).unwrap());
                begun.elapsed()
            })
            .collect();
        row(name, &times, size, limit);
    }
}

fn row(name: &str, times: &[Duration], bytes: usize, limit: &str) {
    let mut sorted: Vec<u128> = times.iter().map(Duration::as_micros).collect();
    sorted.sort_unstable();
    let millis = |index: usize| {
        let micros = sorted[index.min(sorted.len() - 1)];
        format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10)
    };
    let (median, ninth) = (millis(sorted.len() / 2), millis(sorted.len() * 9 / 10));
    println!("{name:<44} {median:>9} {ninth:>9} {bytes:>9} {limit:>6}");
}
