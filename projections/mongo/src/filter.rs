//! Conditions as filters. Field names come from the views' constants; every value is a value.

use invoiceapp_domain::StreamKind;
use invoiceapp_projections::{Condition, FieldValue, ListQuery};
use mongodb::bson::{Bson, Document, doc};

use crate::documents::field_value;
use crate::names::{TENANT, has_field, index_field};

/// What a list asks for, without its cursor.
pub(crate) fn matching(query: &ListQuery) -> Document {
    let mut filter = doc! { TENANT: query.tenant.as_str() };
    let conditions = query.conditions.iter();
    let conditions: Vec<Document> = conditions
        .map(|condition| of_condition(query.kind, condition))
        .collect();
    if !conditions.is_empty() {
        filter.insert("$and", conditions);
    }
    filter
}

/// True of no document.
fn never() -> Document {
    doc! { "_id": { "$in": [] } }
}

/// True of every document.
fn always() -> Document {
    doc! { "_id": { "$exists": true } }
}

fn of_condition(kind: StreamKind, condition: &Condition) -> Document {
    match condition {
        Condition::Equals(field, value) => compare(kind, field, "$eq", value),
        Condition::Below(field, value) => compare(kind, field, "$lt", value),
        Condition::AtLeast(field, value) => compare(kind, field, "$gte", value),
        Condition::AtMost(field, value) => compare(kind, field, "$lte", value),
        Condition::Contains(field, text) => contains(kind, field, text),
        Condition::Absent(field) if has_field(kind, field) => {
            doc! { index_field(field): { "$exists": false } }
        }
        Condition::Absent(_) => always(),
        Condition::Any(conditions) if conditions.is_empty() => never(),
        Condition::Any(conditions) => doc! { "$or": all_of(kind, conditions) },
        Condition::All(conditions) if conditions.is_empty() => always(),
        Condition::All(conditions) => doc! { "$and": all_of(kind, conditions) },
    }
}

fn all_of(kind: StreamKind, conditions: &[Condition]) -> Vec<Document> {
    let conditions = conditions.iter();
    conditions
        .map(|condition| of_condition(kind, condition))
        .collect()
}

/// The server compares only values of one type, so a text is never below a number.
fn compare(kind: StreamKind, field: &str, operator: &str, value: &FieldValue) -> Document {
    match field_value(value) {
        Some(value) if has_field(kind, field) => equal_or(field, operator, value),
        Some(_) | None => never(),
    }
}

fn equal_or(field: &str, operator: &str, value: Bson) -> Document {
    doc! { index_field(field): { operator: value } }
}

fn contains(kind: StreamKind, field: &str, text: &str) -> Document {
    // A pattern ends at a NUL, and no field holds one.
    if !has_field(kind, field) || text.contains('\0') {
        return never();
    }
    doc! { index_field(field): { "$regex": literal(text) } }
}

/// A pattern that matches this text and nothing else, for PCRE and for RE2.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\.+*?()|[]{}^$".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
