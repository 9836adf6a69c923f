//! Writes what is generated from the types: `schemas/avsc`, golden bytes for those samples of
//! `schemas/corpus` that have none, and the reference in `docs/EVENTS.md`. `cargo run -p invoiceapp-avro --example generate`, twice after
//! a change of a schema: the bytes come from the schemas that were compiled in.
//!
//! A schema that changes keeps its former text under a number (`InvoiceIssued.1.avsc`), so that the
//! check can hold the new one against every one that was ever registered.

use std::error::Error;
use std::fs;
use std::path::Path;

use invoiceapp_avro::{Catalog, generate, with_golden_bytes, with_reference};

fn main() -> Result<(), Box<dyn Error>> {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for schema in generate()? {
        let folder = schemas.join("avsc").join(&schema.folder);
        fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{}.avsc", schema.name));
        let former = fs::read_to_string(&file).unwrap_or_default();
        if former == schema.text {
            continue;
        }
        if !former.is_empty() {
            let number = (1_u32..)
                .find(|number| {
                    !folder
                        .join(format!("{}.{number}.avsc", schema.name))
                        .exists()
                })
                .unwrap_or(u32::MAX);
            fs::write(
                folder.join(format!("{}.{number}.avsc", schema.name)),
                former,
            )?;
        }
        fs::write(file, &schema.text)?;
    }
    // Without every schema compiled in there are no bytes yet: that is the second run's work.
    if let Ok(files) = with_golden_bytes() {
        for (name, text) in files {
            fs::write(schemas.join("corpus").join(name), text)?;
        }
    }
    let events = schemas.join("../docs/EVENTS.md");
    let catalog = Catalog::compiled()?;
    if let Some(page) = with_reference(&fs::read_to_string(&events)?, &catalog) {
        fs::write(events, page)?;
    }
    Ok(())
}
