//! Conditions as SQL. Column names come from the views' constants; every value is bound.

use invoiceapp_domain::StreamKind;
use sqlx::QueryBuilder;
use sqlx::sqlite::Sqlite;

use crate::document::FieldValue;
use crate::query::{Condition, ListQuery};
use crate::views::fields_of;

/// Most index fields of a kind: the table has `f0` to `f9`.
pub(super) const FIELDS_MAX: usize = 10;

const COLUMNS: [&str; FIELDS_MAX] = [
    "i.f0", "i.f1", "i.f2", "i.f3", "i.f4", "i.f5", "i.f6", "i.f7", "i.f8", "i.f9",
];

/// The column of a field; a field that the kind does not have compares as absent.
pub(super) fn column(kind: StreamKind, field: &str) -> &'static str {
    let place = fields_of(kind).iter().position(|name| *name == field);
    place
        .and_then(|place| COLUMNS.get(place))
        .copied()
        .unwrap_or("NULL")
}

/// `FROM … WHERE …` of a list, without its order and limit.
pub(super) fn push_matching(builder: &mut QueryBuilder<'_, Sqlite>, query: &ListQuery) {
    builder.push(" FROM document_index i WHERE i.kind = ");
    builder.push_bind(query.kind.as_str());
    builder.push(" AND i.tenant = ");
    builder.push_bind(query.tenant.as_str().to_owned());
    for condition in &query.conditions {
        builder.push(" AND ");
        push_condition(builder, query.kind, condition);
    }
}

fn push_condition(builder: &mut QueryBuilder<'_, Sqlite>, kind: StreamKind, condition: &Condition) {
    match condition {
        Condition::Equals(field, value) => push_compare(builder, kind, (field, " = "), value),
        Condition::Below(field, value) => push_compare(builder, kind, (field, " < "), value),
        Condition::AtLeast(field, value) => push_compare(builder, kind, (field, " >= "), value),
        Condition::AtMost(field, value) => push_compare(builder, kind, (field, " <= "), value),
        Condition::Contains(field, text) => {
            builder.push("instr(").push(column(kind, field)).push(", ");
            builder.push_bind(text.clone()).push(") > 0");
        }
        Condition::Absent(field) => {
            builder.push(column(kind, field)).push(" IS NULL");
        }
        Condition::Any(conditions) => push_joined(builder, kind, conditions, (" OR ", "FALSE")),
        Condition::All(conditions) => push_joined(builder, kind, conditions, (" AND ", "TRUE")),
    }
}

fn push_joined(
    builder: &mut QueryBuilder<'_, Sqlite>,
    kind: StreamKind,
    conditions: &[Condition],
    (joint, of_none): (&str, &str),
) {
    builder.push("(");
    for (place, condition) in conditions.iter().enumerate() {
        if place > 0 {
            builder.push(joint);
        }
        push_condition(builder, kind, condition);
    }
    if conditions.is_empty() {
        builder.push(of_none);
    }
    builder.push(")");
}

fn push_compare(
    builder: &mut QueryBuilder<'_, Sqlite>,
    kind: StreamKind,
    (field, operator): (&str, &str),
    value: &FieldValue,
) {
    builder.push(column(kind, field)).push(operator);
    match value {
        FieldValue::Text(text) => builder.push_bind(text.clone()),
        FieldValue::Integer(number) => builder.push_bind(*number),
        FieldValue::Absent => builder.push("NULL"),
    };
}
