//! Encoding and decoding an issued invoice of 10 and of 100 lines, beside apache-avro on the same
//! schema, in paired rounds. `cargo bench -p invoiceapp-avro --bench encode`
//!
//! Ours goes from the journal's text to the datum, metadata and hash included. The peer is given
//! its input ready parsed and in the shape of the schema, without metadata and hash: it does less.

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use apache_avro::{Schema, to_value};
use invoiceapp_avro::{Catalog, decode_datum, encode_datum, golden_corpus};
use invoiceapp_schemas::RecordedEvent;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};

const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(300);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if !std::env::args().any(|argument| argument == "--bench") {
        // `cargo test` builds and starts benches as well; measuring is not its business.
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "| lines | work | ours, us | apache-avro, us | ratio |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for lines in [10, 100] {
        let event = issued(lines)?;
        let catalog = Catalog::compiled()?;
        let encoded = encode_datum(&catalog, &event)?;
        let schema = Schema::parse_str(encoded.schema.text)?;
        let reader = GenericDatumReader::builder(&schema).build()?;
        let mut rest = encoded.datum.as_slice();
        let value = reader.read_value(&mut rest)?;
        let bare = bare_schema(encoded.schema.text)?;
        let input: serde_json::Value = bare_value(value)?.try_into()?;
        let writer = GenericDatumWriter::builder(&bare).build()?;
        let write = || -> Result<Vec<u8>, apache_avro::Error> {
            let value = to_value(Signed(&input))?.resolve(&bare)?;
            writer.write_value_to_vec(value)
        };
        let theirs = write()?;
        assert_eq!(encoded.datum.get(..theirs.len()), Some(theirs.as_slice()));
        let rows = [
            (
                "encode, `to_value` path",
                paired(
                    &mut || drop(black_box(encode_datum(&catalog, &event))),
                    &mut || {
                        drop(black_box(write()));
                    },
                ),
            ),
            (
                "decode to text / to `Value`",
                paired(
                    &mut || drop(black_box(decode_datum(&encoded.schema, &encoded.datum))),
                    &mut || {
                        let mut rest = encoded.datum.as_slice();
                        drop(black_box(reader.read_value(&mut rest)));
                    },
                ),
            ),
        ];
        for (work, (ours, theirs, ratio)) in rows {
            let micros = |nanos: u128| format!("{}.{:02}", nanos / 1_000, nanos % 1_000 / 10);
            let (ours, theirs) = (micros(ours), micros(theirs));
            let ratio = format!("{}.{:02}", ratio / 100, ratio % 100);
            writeln!(out, "| {lines} | {work} | {ours} | {theirs} | {ratio} |")?;
        }
    }
    Ok(())
}

/// A value whose integers are signed, as Avro's are, and as short as they can be: the library takes an
/// unsigned one for bytes, and widens an `int` where the schema says `long`, but a date never.
struct Signed<'a>(&'a serde_json::Value);

impl Serialize for Signed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            serde_json::Value::Number(number) => {
                let number = number
                    .as_i64()
                    .ok_or_else(|| S::Error::custom("too large"))?;
                match i32::try_from(number) {
                    Ok(small) => serializer.serialize_i32(small),
                    Err(_) => serializer.serialize_i64(number),
                }
            }
            serde_json::Value::Array(items) => serializer.collect_seq(items.iter().map(Signed)),
            serde_json::Value::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, Signed(value))))
            }
            other => other.serialize(serializer),
        }
    }
}

/// The corpus' issued invoice with so many lines.
fn issued(lines: usize) -> Result<RecordedEvent, Box<dyn std::error::Error>> {
    let sample = golden_corpus()?
        .into_iter()
        .find(|sample| sample.event.event_type == "InvoiceIssued");
    let mut event = sample.ok_or("the corpus has an issued invoice")?.event;
    let begin = event.payload_json.find("\"lines\":[").ok_or("lines")? + "\"lines\":[".len();
    let end = event
        .payload_json
        .find("],\"allowances\":[{\"adjustment\"")
        .ok_or("end")?;
    let line = event
        .payload_json
        .get(begin..end)
        .ok_or("a line")?
        .to_owned();
    let many = vec![line; lines].join(",");
    event.payload_json.replace_range(begin..end, &many);
    Ok(event)
}

/// The schema without the envelope.
fn bare_schema(text: &str) -> Result<Schema, Box<dyn std::error::Error>> {
    let mut schema: serde_json::Value = serde_json::from_str(text)?;
    let fields = schema["fields"].as_array_mut().ok_or("fields")?;
    fields.truncate(fields.len().saturating_sub(2));
    Ok(Schema::parse(&schema)?)
}

fn bare_value(value: Value) -> Result<Value, Box<dyn std::error::Error>> {
    match value {
        Value::Record(mut fields) => {
            fields.truncate(fields.len().saturating_sub(2));
            Ok(Value::Record(fields))
        }
        _ => Err("a record".into()),
    }
}

/// Nanoseconds per call of both, and the median of the rounds' ratios in hundredths.
fn paired(ours: &mut dyn FnMut(), theirs: &mut dyn FnMut()) -> (u128, u128, u128) {
    let mut rounds: Vec<(u128, u128)> = Vec::new();
    for round in 0..ROUNDS {
        // The one who goes first changes from round to round.
        let pair = match round % 2 {
            0 => {
                let first = per_call(ours);
                (first, per_call(theirs))
            }
            _ => {
                let first = per_call(theirs);
                (per_call(ours), first)
            }
        };
        rounds.push(pair);
    }
    let median = |mut values: Vec<u128>| {
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    (
        median(rounds.iter().map(|(ours, _)| *ours).collect()),
        median(rounds.iter().map(|(_, theirs)| *theirs).collect()),
        median(
            rounds
                .iter()
                .map(|(ours, theirs)| theirs * 100 / ours.max(&1))
                .collect(),
        ),
    )
}

fn per_call(work: &mut dyn FnMut()) -> u128 {
    let begin = Instant::now();
    let mut calls = 0_u128;
    while begin.elapsed() < ROUND {
        for _ in 0..50 {
            work();
        }
        calls += 50;
    }
    begin.elapsed().as_nanos() / calls
}
