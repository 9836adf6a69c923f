//! The files that are committed beside this crate: schemas and golden corpus.

use invoiceapp_domain::StreamKind;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A file as it was when the program was built.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CommittedFile {
    /// The folder's name.
    pub(crate) folder: &'static str,
    /// The file's name without its extension.
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/committed.rs"));

/// A version of an event, as files of `schemas/corpus` keep it for ever.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CorpusEvent {
    /// Whose event it is.
    pub(crate) kind: StreamKind,
    /// Its name.
    pub(crate) event: String,
    /// The version of its stored shape.
    pub(crate) version: u16,
    /// What it says, for people.
    pub(crate) doc: String,
    /// Between them they show every field and every variant.
    pub(crate) samples: Vec<CorpusSample>,
}

/// One event as it stands in a journal, and the bytes it was published as.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CorpusSample {
    /// The journal's text.
    pub(crate) payload: Box<RawValue>,
    /// What is published of its metadata.
    pub(crate) metadata: Box<RawValue>,
    /// The revision of the record's schema that the bytes were written with.
    #[serde(default)]
    pub(crate) revision: Option<u32>,
    /// The datum, in hexadecimal.
    #[serde(default)]
    pub(crate) avro: Option<String>,
}

/// The corpus that was compiled in.
///
/// # Errors
/// The name of a file that is not one of the corpus, with the reason.
pub(crate) fn corpus() -> Result<Vec<CorpusEvent>, String> {
    CORPUS
        .iter()
        .map(|file| {
            let event: CorpusEvent = serde_json::from_str(file.text)
                .map_err(|error| format!("{}: {error}", file.name))?;
            let expected = format!("{}.v{}", event.event, event.version);
            match file.name == expected {
                true => Ok(event),
                false => Err(format!("{} holds {expected}", file.name)),
            }
        })
        .collect()
}
