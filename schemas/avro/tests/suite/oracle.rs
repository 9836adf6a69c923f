//! The library's own codec agrees with ours, byte for byte.

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use invoiceapp_avro::{Catalog, decode_datum, encode_datum, golden_corpus};

#[test]
fn every_event_of_the_corpus_comes_back_as_the_text_that_it_was() {
    let catalog = Catalog::compiled().unwrap();
    for sample in golden_corpus().unwrap() {
        let event = sample.event;
        let encoded = encode_datum(&catalog, &event).unwrap();
        let decoded = decode_datum(&encoded.schema, &encoded.datum).unwrap();
        assert_eq!(decoded.payload_json, event.payload_json);
        assert_eq!(decoded.chain_hash, event.hash);
        let metadata = event.metadata().unwrap();
        assert_eq!(decoded.metadata.actor, metadata.actor);
        assert_eq!(decoded.metadata.command_id, metadata.command_id);
        assert_eq!(decoded.metadata.number, metadata.number);
    }
}

#[test]
fn the_library_reads_what_we_write_and_writes_the_same_bytes() {
    let catalog = Catalog::compiled().unwrap();
    for sample in golden_corpus().unwrap() {
        let encoded = encode_datum(&catalog, &sample.event).unwrap();
        let schema = Schema::parse_str(encoded.schema.text).unwrap();
        let reader = GenericDatumReader::builder(&schema).build().unwrap();
        let mut rest = encoded.datum.as_slice();
        let value: Value = reader.read_value(&mut rest).unwrap();
        assert_eq!(rest.len(), 0, "{}", encoded.schema.full_name);
        let writer = GenericDatumWriter::builder(&schema).build().unwrap();
        let written = writer.write_value_to_vec(value).unwrap();
        assert_eq!(written, encoded.datum, "{}", encoded.schema.full_name);
    }
}
