//! E-mail addresses that are safe to put into a header.

use crate::decider::ClaimKey;
use crate::invalid::InvalidValue;
use crate::text::{TextRule, fold_case, text_value};

/// Longest address, in bytes (RFC 5321, section 4.5.3.1.3, without the angle brackets).
pub const EMAIL_BYTES_MAX: usize = 254;

text_value!(
    /// One mailbox (RFC 5321) with a domain of at least two labels: no display name, no comment, no
    /// quoted local part and no address literal, because none of them is in honest use and each is
    /// a way to smuggle something into a header.
    EmailAddress,
    parse_address
);

impl EmailAddress {
    /// The spelling that stands for the mailbox: case folded. The local part's case is a receiver's
    /// business by RFC 5321, and in practice no two people share an address but for its case.
    #[must_use]
    pub fn normalised(&self) -> String {
        fold_case(&self.0)
    }

    /// The key that at most one user of a tenant holds.
    #[must_use]
    pub fn claim_key(&self) -> ClaimKey {
        ClaimKey {
            kind: "email".to_owned(),
            value: self.normalised(),
        }
    }
}

fn parse_address(text: &str) -> Result<String, InvalidValue> {
    let invalid = || InvalidValue::new("must be an e-mail address, such as name@example.com");
    let cleaned = TextRule::one_line(EMAIL_BYTES_MAX).clean(text)?;
    if cleaned.len() > EMAIL_BYTES_MAX {
        return Err(InvalidValue::new(format!(
            "must have at most {EMAIL_BYTES_MAX} bytes"
        )));
    }
    let smuggles = |character: char| {
        character.is_whitespace() || matches!(character, '"' | '\\' | '(' | ')' | '<' | '>' | ',')
    };
    if cleaned.contains(smuggles) {
        return Err(invalid());
    }
    let options = email_address::Options::default()
        .with_required_tld()
        .without_display_text()
        .without_domain_literal();
    email_address::EmailAddress::parse_with_options(&cleaned, options).map_err(|_| invalid())?;
    Ok(cleaned)
}
