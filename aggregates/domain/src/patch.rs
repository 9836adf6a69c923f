//! Changes of optional fields.

/// What a change does to a field that may be empty: a client that leaves the field out, one that
/// clears it, and one that fills it want three things.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// The field stays as it is.
    #[default]
    Keep,
    /// The field is empty afterwards.
    Clear,
    /// The field has this value afterwards.
    Set(T),
}

impl<T: Clone> Patch<T> {
    /// The field after the change.
    #[must_use]
    pub fn applied_to(&self, current: Option<&T>) -> Option<T> {
        match self {
            Self::Keep => current.cloned(),
            Self::Clear => None,
            Self::Set(value) => Some(value.clone()),
        }
    }
}
