//! How long a rendering takes: `cargo bench -p invoiceapp-pdf --bench render`.
//!
//! Each row is the median and the ninth decile of many renderings in one process whose fonts are
//! parsed, the words of its documents seen before unless the row says otherwise. The control is
//! what the PDF library takes for a plain page, without layout, shaping or tables; it is measured in
//! turn with each row, so that the ratio says how a row compares whatever else the machine does.
#![expect(clippy::print_stdout, reason = "the table is the bench's result")]
#![expect(clippy::unwrap_used, reason = "a bench may stop at the first error")]

mod control;
#[path = "../../tests/suite/fixtures.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod fixtures;

use std::hint::black_box;
use std::time::{Duration, Instant};

use control::Control;
use invoiceapp_domain::locale::Locale;
use invoiceapp_pdf::{Assets, InvoiceDocument, render};

/// Renderings per row.
const ROUNDS: usize = 60;

fn main() {
    // Cargo runs benches as tests too, with this argument; then one round proves that they work.
    let is_test = std::env::args().any(|argument| argument == "--test");
    let rounds = if is_test { 1 } else { ROUNDS };
    // Only the rows whose name has it.
    let wanted = std::env::args().skip(1).find(|one| !one.starts_with('-'));
    let wanted = wanted.unwrap_or_default();
    println!(
        "{:<46} {:>9} {:>9} {:>9} {:>6} {:>8}",
        "document", "median ms", "p90 ms", "bytes", "limit", "control"
    );
    let control = Control::new();
    first_in_the_process();
    let assets = Assets::new();
    let rows = rows(rounds).into_iter();
    for (name, mut documents, limit) in rows.filter(|(name, ..)| name.contains(&wanted)) {
        let warm = documents.next().unwrap();
        let mut bytes = render(&warm, &assets).unwrap().bytes.len();
        let mut row = Row::default();
        for document in documents {
            row.control.push(timed(|| control.render()));
            row.times.push(timed(|| {
                bytes = black_box(render(black_box(&document), &assets).unwrap().bytes.len());
            }));
        }
        row.print(name, bytes, limit);
    }
    let mut row = Row::default();
    for _ in 0..rounds {
        row.control.push(timed(|| control.render()));
        row.times.push(timed(|| control.render()));
    }
    row.print(
        "control: the library, 10 lines of plain text",
        control.render(),
        "",
    );
}

type Documents = Box<dyn Iterator<Item = InvoiceDocument>>;

fn rows(rounds: usize) -> Vec<(&'static str, Documents, &'static str)> {
    let again = |document: InvoiceDocument| -> Documents {
        Box::new(std::iter::repeat_n(document, rounds + 1))
    };
    let with_line = |name: &str| {
        let mut document = fixtures::long(Locale::De, 10);
        document.lines[3].name = name.to_owned();
        again(document)
    };
    let with_logo = InvoiceDocument {
        logo: Some(fixtures::logo_png()),
        ..fixtures::long(Locale::De, 10)
    };
    let latin = |locale, lines| again(fixtures::long(locale, lines));
    vec![
        ("10 lines, Latin", latin(Locale::De, 10), "2"),
        (
            "10 lines, Latin, each with words never seen",
            Box::new((0..=rounds).map(with_new_words)),
            "2",
        ),
        ("10 lines, Latin, in Vietnamese", latin(Locale::Vi, 10), "2"),
        ("10 lines, Latin, with a logo", again(with_logo), ""),
        (
            "10 lines, one of them Greek",
            with_line("Ηλεκτρικό δράπανο με δύο μπαταρίες"),
            "",
        ),
        (
            "10 lines, one of them Arabic",
            with_line("مثقاب كهربائي مع بطاريتين"),
            "20",
        ),
        (
            "10 lines, one of them Chinese",
            with_line("电钻，含两块电池，型号"),
            "20",
        ),
        (
            "10 lines, one of them Korean",
            with_line("전동 드릴, 배터리 2개 포함"),
            "20",
        ),
        (
            "6 lines in Arabic, Chinese, Japanese, Korean",
            again(fixtures::many_scripts()),
            "20",
        ),
        ("100 lines, Latin", latin(Locale::De, 100), ""),
        ("500 lines, Latin", latin(Locale::De, 500), "40"),
        ("2,000 lines, Latin", latin(Locale::De, 2_000), ""),
    ]
}

/// A document whose buyer, items, prices and note no document before it had.
fn with_new_words(round: usize) -> InvoiceDocument {
    let mut document = fixtures::long(Locale::De, 10);
    // Letters in the place of digits, so that words differ as names do.
    let word = |index: usize| -> String {
        let digits = format!("{:06}", round * 1_000 + index);
        let letter = |digit: char| char::from(b"aeiou\x6ctrsn"[digit as usize - '0' as usize]);
        digits.chars().map(letter).collect()
    };
    document.number = Some(format!("INV-2026-{round:05}"));
    document.buyer.name = format!("Handel {} & {} GmbH", word(900), word(901));
    document.note = Some((0..12).map(|index| word(910 + index) + " ").collect());
    for (index, line) in document.lines.iter_mut().enumerate() {
        let place = index * 4;
        line.name = format!("{} {} {}", word(place), word(place + 1), word(place + 2));
        if let Some(description) = &mut line.description {
            description.push_str(&word(place + 3));
        }
    }
    document
}

fn first_in_the_process() {
    let assets = Assets::new();
    let (latin, all) = (fixtures::long(Locale::De, 10), fixtures::many_scripts());
    for (name, document) in [
        ("first in the process, Latin", latin),
        ("next, which needs all fonts", all),
    ] {
        let mut bytes = 0;
        let time = timed(|| bytes = render(&document, &assets).unwrap().bytes.len());
        let row = Row {
            times: vec![time],
            control: Vec::new(),
        };
        row.print(name, bytes, "");
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let begun = Instant::now();
    black_box(work());
    begun.elapsed()
}

/// The times of a row, and of the control beside each.
#[derive(Default)]
struct Row {
    times: Vec<Duration>,
    control: Vec<Duration>,
}

impl Row {
    fn print(&self, name: &str, bytes: usize, limit: &str) {
        let micros = sorted(self.times.iter().map(Duration::as_micros));
        let thousandths = |value: u128| format!("{}.{:02}", value / 1_000, value % 1_000 / 10);
        let at = |index: usize| thousandths(micros[index.min(micros.len() - 1)]);
        let (median, ninth) = (at(micros.len() / 2), at(micros.len() * 9 / 10));
        let pairs = self.times.iter().zip(&self.control);
        let ratios = sorted(
            pairs.map(|(time, control)| time.as_nanos() * 1_000 / control.as_nanos().max(1)),
        );
        let ratio = ratios.get(ratios.len() / 2).copied();
        let ratio = ratio.map(thousandths).unwrap_or_default();
        println!("{name:<46} {median:>9} {ninth:>9} {bytes:>9} {limit:>6} {ratio:>8}");
    }
}

fn sorted(values: impl Iterator<Item = u128>) -> Vec<u128> {
    let mut values: Vec<u128> = values.collect();
    values.sort_unstable();
    values
}
