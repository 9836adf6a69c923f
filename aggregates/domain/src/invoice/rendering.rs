//! Stored renderings of a document.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::ordered::Keyed;
use crate::digest::Sha256Hex;
use crate::ids::DocumentId;
use crate::locale::Locale;
use crate::text::Reference;

/// The format of a rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenderingKind {
    /// PDF.
    Pdf,
}

/// That a rendering is kept where it cannot be changed before its day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// The digest of the archived bytes: that of the rendering.
    pub sha256: Sha256Hex,
    /// The day until which they are kept.
    pub retain_until: Date,
}

/// A rendering in the object store: written once per kind, version and locale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendering {
    /// Its identity.
    pub document_id: DocumentId,
    /// Its format.
    pub kind: RenderingKind,
    /// Its language.
    pub locale: Locale,
    /// The version of the invoice that it shows.
    pub from_version: u64,
    /// The digest of its bytes, which is also their key in the object store.
    pub sha256: Sha256Hex,
    /// How many bytes it has.
    pub size: u64,
    /// The layout that made it.
    pub template_version: Reference,
    /// Set once it is archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<Archive>,
}

impl Keyed for Rendering {
    type Key = DocumentId;
    fn key(&self) -> DocumentId {
        self.document_id
    }
}
