//! Bytes and texts that we did not write.

use std::sync::Arc;

use invoiceapp_avro::{
    Catalog, CodecError, DATUM_BYTES_MAX, DatumError, EventSchema, decode_datum, encode_datum,
    golden_corpus,
};
use invoiceapp_domain::StreamKind;
use invoiceapp_schemas::RecordedEvent;
use proptest::prelude::{any, prop_assert_eq, proptest};
use proptest::sample::Index;

fn sample(event_type: &str) -> RecordedEvent {
    let corpus = golden_corpus().unwrap();
    let found = corpus
        .into_iter()
        .find(|sample| sample.event.event_type == event_type);
    found.unwrap().event
}

fn encoded(event_type: &str) -> (Arc<EventSchema>, Vec<u8>) {
    let catalog = Catalog::compiled().unwrap();
    let encoded = encode_datum(&catalog, &sample(event_type)).unwrap();
    (encoded.schema, encoded.datum)
}

fn datum_error(result: Result<invoiceapp_avro::Decoded, CodecError>) -> DatumError {
    match result {
        Err(CodecError::Datum(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_truncation_is_refused() {
    for event_type in ["InvoiceIssued", "UserRegistered", "PermissionsGranted"] {
        let (schema, datum) = encoded(event_type);
        for length in 0..datum.len() {
            assert!(decode_datum(&schema, &datum[..length]).is_err(), "{length}");
        }
    }
}

#[test]
fn bytes_behind_the_datum_are_refused() {
    let (schema, mut datum) = encoded("UserRegistered");
    datum.push(0);
    let error = datum_error(decode_datum(&schema, &datum));
    assert_eq!(error, DatumError::Leftover(1));
}

#[test]
fn a_list_that_claims_more_items_than_there_are_bytes_is_refused() {
    let (schema, _) = encoded("PermissionsGranted");
    // 2^40 items, in six bytes.
    let bomb = [0x80, 0x80, 0x80, 0x80, 0x80, 0x40];
    let error = datum_error(decode_datum(&schema, &bomb));
    assert_eq!(error, DatumError::Truncated);
}

#[test]
fn a_datum_beyond_the_limit_is_refused_unread() {
    let (schema, _) = encoded("PermissionsGranted");
    let error = datum_error(decode_datum(&schema, &vec![0; DATUM_BYTES_MAX + 1]));
    assert_eq!(error, DatumError::TooLarge("DATUM_BYTES_MAX"));
}

#[test]
fn a_list_of_records_cannot_grow_beyond_the_limit() {
    let (schema, _) = encoded("LinesReplaced");
    // Lines of the fewest bytes, as many as the limit of the datum allows: their text is far longer.
    let mut datum = vec![0xc0, 0x84, 0x3d];
    datum.resize(4 << 20, 0);
    assert!(decode_datum(&schema, &datum).is_err());
}

#[test]
fn an_event_that_is_newer_than_the_program_is_named() {
    let catalog = Catalog::compiled().unwrap();
    let mut event = sample("UserRegistered");
    event.schema_version = 2;
    let error = encode_datum(&catalog, &event).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no schema is known for event UserRegistered v2"
    );
    event.schema_version = 1;
    event.event_type = "UserPromoted".to_owned();
    assert!(matches!(
        encode_datum(&catalog, &event),
        Err(CodecError::UnknownEvent { .. })
    ));
}

#[test]
fn a_field_that_no_schema_has_is_never_dropped() {
    let catalog = Catalog::compiled().unwrap();
    let mut event = sample("LocaleChanged");
    event.payload_json = r#"{"LocaleChanged":{"locale":"de","dialect":"at"}}"#.to_owned();
    assert!(matches!(
        encode_datum(&catalog, &event),
        Err(CodecError::Unencodable { .. })
    ));
    event.payload_json = r#"{"LocaleChanged":{}}"#.to_owned();
    assert!(encode_datum(&catalog, &event).is_err());
    event.payload_json = r#"{"TimeZoneChanged":{"locale":"de"}}"#.to_owned();
    assert!(encode_datum(&catalog, &event).is_err());
}

#[test]
fn an_error_never_repeats_what_an_event_says() {
    let catalog = Catalog::compiled().unwrap();
    let mut event = sample("UserEmailChanged");
    for payload in [
        r#"{"UserEmailChanged":{"email":{"canary@example.com":1}}}"#,
        r#"{"UserEmailChanged":{"canary@example.com":1}}"#,
        r#"{"canary@example.com":{}}"#,
        r#"{"UserEmailChanged":"canary@example.com"}"#,
    ] {
        event.payload_json = payload.to_owned();
        let error = encode_datum(&catalog, &event).unwrap_err();
        assert!(
            !format!("{error:?} {error}").contains("canary"),
            "{payload}"
        );
    }
}

#[test]
fn the_kinds_do_not_share_events() {
    let catalog = Catalog::compiled().unwrap();
    assert!(catalog.of(StreamKind::User, "UserRegistered", 1).is_some());
    assert!(catalog.of(StreamKind::Role, "UserRegistered", 1).is_none());
}

proptest! {
    /// Whatever is accepted is exactly what would be written for it.
    #[test]
    fn bytes_that_were_changed_are_refused_or_are_another_event_that_we_would_write(
        which in any::<Index>(),
        place in any::<Index>(),
        byte in any::<u8>(),
    ) {
        let catalog = Catalog::compiled().unwrap();
        let corpus = golden_corpus().unwrap();
        let event = which.get(&corpus).event.clone();
        let encoded = encode_datum(&catalog, &event).unwrap();
        let mut datum = encoded.datum;
        let place = place.index(datum.len());
        datum[place] = byte;
        if let Ok(decoded) = decode_datum(&encoded.schema, &datum) {
            let mut metadata = event.metadata().unwrap();
            metadata.actor = decoded.metadata.actor;
            metadata.command_id = decoded.metadata.command_id;
            metadata.number = decoded.metadata.number;
            let again = RecordedEvent {
                payload_json: decoded.payload_json,
                metadata_json: serde_json::to_string(&metadata).unwrap(),
                hash: decoded.chain_hash,
                ..event
            };
            prop_assert_eq!(encode_datum(&catalog, &again).unwrap().datum, datum);
        }
    }

    #[test]
    fn no_bytes_at_all_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let catalog = Catalog::compiled().unwrap();
        for schema in catalog.records().flatten() {
            let _refused = decode_datum(schema, &bytes);
        }
    }
}
