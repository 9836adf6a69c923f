//! What is committed is what the types generate.

use std::fs;
use std::path::Path;

use invoiceapp_avro::{Catalog, Topics, check, generate, with_golden_bytes, with_reference};

#[test]
fn the_committed_schemas_and_the_golden_corpus_are_what_the_code_does() {
    let report = check();
    assert_eq!(report.problems, [] as [String; 0]);
    assert!(report.schemas >= 52 && report.golden_events >= report.schemas);
}

#[test]
fn every_event_has_a_schema_of_its_own_name_and_golden_bytes() {
    let generated = generate().unwrap();
    let names: std::collections::BTreeSet<_> =
        generated.iter().map(|schema| &schema.name).collect();
    assert_eq!(names.len(), generated.len());
    for (name, text) in with_golden_bytes().unwrap() {
        let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let committed = fs::read_to_string(schemas.join("corpus").join(&name)).unwrap();
        assert_eq!(committed, text, "{name}");
    }
}

#[test]
fn a_subject_is_the_topic_and_the_records_full_name() {
    let catalog = Catalog::compiled().unwrap();
    let subjects: Vec<String> = catalog
        .records()
        .flatten()
        .map(|schema| Topics::default().subject(schema.topic(), &schema.full_name))
        .collect();
    for subject in [
        "invoiceapp.invoice.v1-invoiceapp.invoice.InvoiceIssued",
        "invoiceapp.invoice.v1-invoiceapp.number_series.SeriesDefined",
        "invoiceapp.invoice.v1-invoiceapp.media.MediaUploaded",
        "invoiceapp.product.v1-invoiceapp.product.PriceSet",
        "invoiceapp.user.v1-invoiceapp.role.PermissionsGranted",
        "invoiceapp.user.v1-invoiceapp.organization.TenantProvisioned",
    ] {
        assert!(subjects.iter().any(|known| known == subject), "{subject}");
    }
}

#[test]
fn the_page_of_events_says_what_the_schemas_say() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/EVENTS.md");
    let page = fs::read_to_string(page).unwrap();
    let fresh = with_reference(&page, &Catalog::compiled().unwrap()).unwrap();
    assert_eq!(
        page, fresh,
        "run: cargo run -p invoiceapp-avro --example generate"
    );
}

#[test]
fn the_page_of_events_shows_the_consumers_that_are_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    let page = read("docs/EVENTS.md");
    for example in [
        "docs/examples/consumer.py",
        "handlers/relay/examples/consumer.rs",
    ] {
        assert!(page.contains(&read(example)), "{example}");
    }
}
