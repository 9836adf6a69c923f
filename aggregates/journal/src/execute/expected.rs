//! What a command insists on about the version of its stream.

/// The versions that a command may be decided on: the precondition of a conditional request (RFC
/// 9110 section 13.1.1). A stream that does not exist has version 0, which no precondition names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ExpectedVersion {
    /// Whichever there is, and none as well.
    #[default]
    Whichever,
    /// The stream has to exist (`If-Match: *`).
    Existing,
    /// One of these. Without any, nothing is right: all that was named can never match.
    OneOf(Vec<u64>),
}

impl ExpectedVersion {
    /// This version and no other.
    #[must_use]
    pub fn exactly(version: u64) -> Self {
        Self::OneOf(vec![version])
    }

    /// Whether a stream of this version will do; 0 is one that does not exist.
    #[must_use]
    pub fn allows(&self, actual: u64) -> bool {
        match self {
            Self::Whichever => true,
            Self::Existing => actual > 0,
            Self::OneOf(versions) => actual > 0 && versions.contains(&actual),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExpectedVersion;

    #[test]
    fn only_what_was_named_will_do() {
        let several = ExpectedVersion::OneOf(vec![3, 7]);
        for (expected, allowed) in [
            (ExpectedVersion::Whichever, vec![0, 1, 3, 7]),
            (ExpectedVersion::Existing, vec![1, 3, 7]),
            (ExpectedVersion::exactly(3), vec![3]),
            (several, vec![3, 7]),
            (ExpectedVersion::exactly(0), vec![]),
            (ExpectedVersion::OneOf(Vec::new()), vec![]),
        ] {
            let found: Vec<u64> = [0, 1, 3, 7]
                .into_iter()
                .filter(|actual| expected.allows(*actual))
                .collect();
            assert_eq!(found, allowed, "{expected:?}");
        }
    }
}
