//! What a type does when a field is not there: found out by taking the field out of a sample,
//! reading that, and looking at how the type writes it down again.

use std::collections::BTreeMap;

use crate::trace::TraceError;
use crate::tree::Tree;

/// What a missing field means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Absence {
    /// The event cannot be read without it.
    Required,
    /// It is nothing, or an empty list, and is left out when it is written.
    Omitted,
    /// It is this, and is always written.
    Default(Tree),
}

/// What is known about every field.
#[derive(Debug, Default)]
pub(crate) struct Absences(BTreeMap<String, Absence>);

impl Absences {
    /// What it means when the field at a place is missing.
    pub(crate) fn of(&self, place: &str) -> Absence {
        self.0.get(place).cloned().unwrap_or(Absence::Required)
    }

    /// Tries every field that a sample shows.
    ///
    /// # Errors
    /// [`TraceError`] when two samples contradict each other.
    pub(crate) fn probe(
        &mut self,
        sample: &Tree,
        sightings: BTreeMap<String, Vec<String>>,
        rewrite: &dyn Fn(&str) -> Result<String, TraceError>,
    ) -> Result<(), TraceError> {
        let custom = |error: serde_json::Error| TraceError(error.to_string());
        for (place, pointer) in sightings {
            let without = serde_json::to_string(&sample.without(&pointer)).map_err(custom)?;
            let absence = match rewrite(&without) {
                Err(_) => Absence::Required,
                Ok(written) => {
                    let written: Tree = serde_json::from_str(&written).map_err(custom)?;
                    match written.at(&pointer) {
                        None => Absence::Omitted,
                        Some(value) => Absence::Default(value.clone()),
                    }
                }
            };
            let known = self
                .0
                .entry(place.clone())
                .or_insert_with(|| absence.clone());
            if *known != absence {
                return Err(TraceError(format!(
                    "a missing {place} is once {known:?} and once {absence:?}"
                )));
            }
        }
        Ok(())
    }
}
