//! What may not be in a PDF that is handed out again: whatever acts, whatever carries other files,
//! and what says who made it. Names are those of ISO 32000.

use lopdf::{Dictionary, Object};

/// What the catalogue may have. Everything else of it is dropped.
pub(super) const CATALOG_KEYS: &[&[u8]] = &[
    b"Type",
    b"Pages",
    b"PageLabels",
    b"PageLayout",
    b"PageMode",
    b"Outlines",
    b"Dests",
    b"Names",
    b"OutputIntents",
    b"Lang",
    b"MarkInfo",
    b"StructTreeRoot",
    b"OCProperties",
    b"AcroForm",
];

/// What the trailer may have.
pub(super) const TRAILER_KEYS: &[&[u8]] = &[
    b"Root",
    b"Size",
    b"Type",
    b"W",
    b"Index",
    b"Length",
    b"Filter",
    b"DecodeParms",
];

/// Entries that are dropped wherever they stand.
const FORBIDDEN_KEYS: &[&[u8]] = &[
    // What acts.
    b"JS",
    b"JavaScript",
    b"OpenAction",
    b"AA",
    b"XFA",
    b"Launch",
    b"Renditions",
    b"RichMedia",
    b"RichMediaContent",
    b"RichMediaSettings",
    b"AlternatePresentations",
    b"URLS",
    b"IDS",
    b"Requirements",
    b"SpiderInfo",
    // What carries or names other files.
    b"EmbeddedFiles",
    b"EF",
    b"AF",
    b"Collection",
    b"Ref",
    // What says who made it, and signatures, which no longer hold once the file is written anew.
    b"Metadata",
    b"PieceInfo",
    b"LastModified",
    b"Perms",
    b"Legal",
    b"DSS",
];

/// Entries of a stream that fetch its content from elsewhere.
const FORBIDDEN_STREAM_KEYS: &[&[u8]] = &[b"F", b"FFilter", b"FDecodeParms"];

/// Dictionaries that vanish as a whole, by their `Type`.
const FORBIDDEN_TYPES: &[&[u8]] = &[
    b"EmbeddedFile",
    b"Filespec",
    b"Rendition",
    b"MediaClip",
    b"Sig",
    b"DocTimeStamp",
    b"Metadata",
    b"3D",
    b"RichMediaContent",
    b"RichMediaSettings",
    b"RichMediaInstance",
    b"NavNode",
];

/// Dictionaries that vanish as a whole, by their `Subtype`: annotations that play or carry
/// something, three-dimensional scenes, PostScript, metadata.
const FORBIDDEN_SUBTYPES: &[&[u8]] = &[
    b"RichMedia",
    b"FileAttachment",
    b"Movie",
    b"Sound",
    b"Screen",
    b"3D",
    b"U3D",
    b"PRC",
    b"PS",
    b"XML",
    b"Projection",
    b"TrapNet",
];

/// Actions that vanish. Of all actions, going to a place in the document remains.
const FORBIDDEN_ACTIONS: &[&[u8]] = &[
    b"JavaScript",
    b"Launch",
    b"URI",
    b"SubmitForm",
    b"ResetForm",
    b"ImportData",
    b"GoToR",
    b"GoToE",
    b"GoToDp",
    b"Thread",
    b"Sound",
    b"Movie",
    b"Hide",
    b"Named",
    b"SetOCGState",
    b"Rendition",
    b"Trans",
    b"GoTo3DView",
    b"RichMediaExecute",
];

/// Whether an entry is dropped.
pub(super) fn is_forbidden_key(key: &[u8], is_stream: bool) -> bool {
    FORBIDDEN_KEYS.contains(&key) || (is_stream && FORBIDDEN_STREAM_KEYS.contains(&key))
}

/// Whether a dictionary vanishes as a whole.
pub(super) fn is_forbidden(dictionary: &Dictionary) -> bool {
    let is_one_of = |key: &[u8], names: &[&[u8]]| {
        let name = dictionary.get(key).and_then(Object::as_name);
        name.is_ok_and(|name| names.contains(&name))
    };
    is_one_of(b"Type", FORBIDDEN_TYPES)
        || is_one_of(b"Subtype", FORBIDDEN_SUBTYPES)
        || is_one_of(b"S", FORBIDDEN_ACTIONS)
}

/// Whether nothing in an object is forbidden.
pub(super) fn is_passive(object: &Object) -> bool {
    let is_allowed = |dictionary: &Dictionary, is_stream: bool| {
        !is_forbidden(dictionary)
            && dictionary
                .iter()
                .all(|(key, value)| !is_forbidden_key(key, is_stream) && is_passive(value))
    };
    match object {
        Object::Array(items) => items.iter().all(is_passive),
        Object::Dictionary(dictionary) => is_allowed(dictionary, false),
        Object::Stream(stream) => is_allowed(&stream.dict, true),
        Object::Null
        | Object::Boolean(_)
        | Object::Integer(_)
        | Object::Real(_)
        | Object::Name(_)
        | Object::String(..)
        | Object::Reference(_) => true,
    }
}
