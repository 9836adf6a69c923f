//! SHA-256 digests as they stand in events: lower-case hexadecimal.

use sha2::{Digest, Sha256};

use crate::invalid::InvalidValue;
use crate::text::text_value;

/// Length of a digest in hexadecimal digits.
pub const SHA256_HEX_LENGTH: usize = 64;

text_value!(
    /// The SHA-256 of some bytes: 64 lower-case hexadecimal digits.
    Sha256Hex,
    |text| {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == SHA256_HEX_LENGTH && text.bytes().all(is_digit) {
            Ok(text.to_owned())
        } else {
            Err(InvalidValue::new("must be 64 lower-case hexadecimal digits"))
        }
    }
);

impl Sha256Hex {
    /// The digest of bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }
}
