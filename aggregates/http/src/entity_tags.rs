//! Entity tags in conditional requests: `If-Match` and `If-None-Match` (RFC 9110 sections 8.8.3,
//! 13.1.1 and 13.1.2).

use axum::http::{HeaderMap, HeaderName, header};
use invoiceapp_journal::execute::ExpectedVersion;
use thiserror::Error;

/// Most entity tags that one request may name.
pub const ENTITY_TAGS_MAX: usize = 100;

/// What a conditional header names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`: whichever there is.
    Any,
    /// One or more tags.
    Listed(Vec<EntityTag>),
}

/// An entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag {
    /// Written `W/"…"`.
    pub is_weak: bool,
    /// What stands between the quotes.
    pub opaque: Vec<u8>,
}

/// The header is neither `*` nor a list of entity tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("neither * nor a list of entity tags")]
pub struct UnreadableTags;

impl EntityTags {
    /// What a header names, on however many lines; `None` when it is not there.
    ///
    /// # Errors
    /// [`UnreadableTags`], also for a list of none and for one of more than [`ENTITY_TAGS_MAX`].
    pub fn of(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, UnreadableTags> {
        let lines: Vec<&[u8]> = headers
            .get_all(name)
            .iter()
            .map(|it| it.as_bytes())
            .collect();
        if lines.is_empty() {
            return Ok(None);
        }
        // Several lines are one list (RFC 9110 section 5.3).
        let value = lines.join(&b',');
        if value.trim_ascii() == b"*" {
            return Ok(Some(Self::Any));
        }
        listed(&value).map(|tags| Some(Self::Listed(tags)))
    }

    /// The versions that a command may stand on. A version's tag is its number in quotes: any other
    /// tag, and every weak one, matches none, as the comparison is the strong one.
    #[must_use]
    pub fn expected_version(&self) -> ExpectedVersion {
        match self {
            Self::Any => ExpectedVersion::Existing,
            Self::Listed(tags) => {
                ExpectedVersion::OneOf(tags.iter().filter_map(EntityTag::version).collect())
            }
        }
    }

    /// Whether the client has what this strong tag (with its quotes) stands for, by the weak
    /// comparison.
    fn know(&self, tag: &str) -> bool {
        let is_same = |known: &EntityTag| {
            let quoted = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            quoted.is_some_and(|opaque| known.opaque == opaque.as_bytes())
        };
        match self {
            Self::Any => true,
            Self::Listed(tags) => tags.iter().any(is_same),
        }
    }
}

impl EntityTag {
    fn version(&self) -> Option<u64> {
        let text = std::str::from_utf8(&self.opaque).ok()?;
        let version: u64 = text.parse().ok()?;
        // `"07"` is another tag than `"7"`.
        (!self.is_weak && version.to_string() == text).then_some(version)
    }
}

/// Whether the client has the representation of this tag already, by `If-None-Match`. A header that
/// cannot be read is as good as none: the answer is only longer.
#[must_use]
pub fn is_known(request: &HeaderMap, tag: &str) -> bool {
    let tags = EntityTags::of(request, &header::IF_NONE_MATCH);
    tags.ok().flatten().is_some_and(|tags| tags.know(tag))
}

/// `[ W/"…" ] *( OWS "," OWS [ W/"…" ] )`: empty elements are skipped (RFC 9110 section 5.6.1.2).
fn listed(value: &[u8]) -> Result<Vec<EntityTag>, UnreadableTags> {
    let mut tags = Vec::new();
    let mut rest = value.trim_ascii_start();
    while !rest.is_empty() {
        if rest.first() != Some(&b',') {
            let (tag, behind) = next_tag(rest)?;
            tags.push(tag);
            rest = behind.trim_ascii_start();
        }
        rest = match rest.split_first() {
            Some((b',', behind)) => behind.trim_ascii_start(),
            Some(_) => return Err(UnreadableTags),
            None => rest,
        };
    }
    if (1..=ENTITY_TAGS_MAX).contains(&tags.len()) {
        Ok(tags)
    } else {
        Err(UnreadableTags)
    }
}

/// The tag that a text begins with, and what is behind it.
fn next_tag(text: &[u8]) -> Result<(EntityTag, &[u8]), UnreadableTags> {
    let (is_weak, quoted) = match text.strip_prefix(b"W/") {
        Some(quoted) => (true, quoted),
        None => (false, text),
    };
    let inner = quoted.strip_prefix(b"\"").ok_or(UnreadableTags)?;
    let end = inner.iter().position(|byte| *byte == b'"');
    let (opaque, behind) = inner.split_at(end.ok_or(UnreadableTags)?);
    // etagc: anything visible but the quote, and what is not ASCII.
    if !opaque
        .iter()
        .all(|byte| matches!(byte, 0x21..=0x7e | 0x80..))
    {
        return Err(UnreadableTags);
    }
    let tag = EntityTag {
        is_weak,
        opaque: opaque.to_vec(),
    };
    Ok((tag, behind.get(1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};
    use invoiceapp_journal::execute::ExpectedVersion;

    use super::{ENTITY_TAGS_MAX, EntityTags, is_known};

    fn expected(lines: &[&[u8]]) -> Option<ExpectedVersion> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, HeaderValue::from_bytes(line).unwrap());
        }
        let tags = EntityTags::of(&headers, &header::IF_MATCH).ok()?;
        Some(tags.map_or(ExpectedVersion::Whichever, |tags| tags.expected_version()))
    }

    #[test]
    fn tags_are_compared_as_they_stand_and_weak_ones_never_match() {
        for (line, versions) in [
            (r#""7""#, vec![7]),
            (r#""7", "8""#, vec![7, 8]),
            (r#" "7" ,	"8" "#, vec![7, 8]),
            (r#","7",,"#, vec![7]),
            (r#"W/"7""#, vec![]),
            (r#"W/"7", "8""#, vec![8]),
            (r#""07", "+7", "0x7""#, vec![]),
            (r#""", "abc", "99999999999999999999""#, vec![]),
            (r#""7,8", "9""#, vec![9]),
        ] {
            let listed = Some(ExpectedVersion::OneOf(versions));
            assert_eq!(expected(&[line.as_bytes()]), listed, "{line}");
        }
        assert_eq!(
            expected(&[b"\"\xfc\""]),
            Some(ExpectedVersion::OneOf(vec![]))
        );
    }

    #[test]
    fn several_lines_are_one_list() {
        let both = expected(&[b"\"1\"", b"\"2\""]);
        assert_eq!(both, Some(ExpectedVersion::OneOf(vec![1, 2])));
        assert_eq!(expected(&[]), Some(ExpectedVersion::Whichever));
        assert_eq!(expected(&[b" * "]), Some(ExpectedVersion::Existing));
    }

    #[test]
    fn what_is_no_list_of_tags_is_unreadable() {
        let many = vec![r#""1""#; ENTITY_TAGS_MAX + 1].join(",");
        for line in [
            "",
            ",",
            "7",
            "\"7",
            "7\"",
            "'7'",
            "\"7\" \"8\"",
            "\"7\"8",
            "*, \"7\"",
            "**",
            "w/\"7\"",
            "W/ \"7\"",
            "W/7",
            "W/",
            "\"a b\"",
            "\"7\";\"8\"",
            &many,
        ] {
            assert_eq!(expected(&[line.as_bytes()]), None, "{line}");
        }
        assert_eq!(expected(&[b"*", b"\"7\""]), None);
    }

    #[test]
    fn what_the_client_has_is_told_by_the_weak_comparison() {
        for (line, known) in [
            (r#""a""#, true),
            (r#"W/"a""#, true),
            (r#""b", W/"a""#, true),
            ("*", true),
            (r#""b""#, false),
            (r#""b,"a""#, false),
            ("a", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_str(line).unwrap());
            assert_eq!(is_known(&headers, "\"a\""), known, "{line}");
        }
        assert!(!is_known(&HeaderMap::new(), "\"a\""));
    }
}
