//! The answers: a PDF, or that it is being made.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use invoiceapp_http::entity_tags::is_known;

/// What a client waits before it asks again for a rendering that is being made, in seconds.
const RETRY_AFTER_SECONDS: u64 = 1;
/// Longest file name, in bytes.
const FILE_NAME_BYTES_MAX: usize = 100;

/// A PDF on its way to a client.
#[derive(Debug, Clone)]
pub(super) struct PdfAnswer {
    pub(super) bytes: Bytes,
    /// Hexadecimal digest of the bytes.
    pub(super) sha256: String,
    /// What the document is called; becomes the file's name.
    pub(super) name: String,
    /// Whether the client wants it saved and not shown.
    pub(super) is_download: bool,
}

impl PdfAnswer {
    /// The answer to a request with these headers: without a body when the client has the bytes
    /// already (RFC 9110, 13.1.2).
    pub(super) fn to(self, request: &HeaderMap) -> Response {
        let tag = format!("\"{}\"", self.sha256);
        let mut response = if is_known(request, &tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Response::new(Body::from(self.bytes))
        };
        let disposition = if self.is_download {
            "attachment"
        } else {
            "inline"
        };
        let disposition = format!("{disposition}; filename=\"{}.pdf\"", file_name(&self.name));
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/pdf"),
        );
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        );
        for (name, value) in [
            (header::ETAG, tag),
            (header::CONTENT_DISPOSITION, disposition),
        ] {
            // Both are ASCII by construction.
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// 202: the rendering is being made.
pub(super) fn being_made() -> Response {
    let mut response = StatusCode::ACCEPTED.into_response();
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    response
}

/// A name that every file system takes: letters, digits, `-`, `_` and inner dots.
fn file_name(name: &str) -> String {
    let safe = |character: char| {
        if character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.') {
            character
        } else {
            '-'
        }
    };
    let cleaned: String = name.chars().map(safe).take(FILE_NAME_BYTES_MAX).collect();
    let cleaned = cleaned.trim_matches(['.', '-']);
    if cleaned.is_empty() {
        "invoice".to_owned()
    } else {
        cleaned.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_file_name_is_plain_ascii_and_never_a_path() {
        assert_eq!(file_name("INV-2026-00042"), "INV-2026-00042");
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd");
        assert_eq!(file_name("R/2026\"\r\n42"), "R-2026---42");
        assert_eq!(file_name("发票"), "invoice");
    }
}
