//! The port's documents as the database's, and back.

use std::str::FromStr;

use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_projections::dashboard::{Bucket, BucketKey, CounterOverflow, Measure, total};
use invoiceapp_projections::register::RegisterPlace;
use invoiceapp_projections::views::fields_of;
use invoiceapp_projections::{Document, FieldValue, RegisteredNumber, ViewError};
use mongodb::bson::{Bson, Document as BsonDocument, doc};
use thiserror::Error;

use crate::names::{BUCKETS, CREATED, JSON, KEY, NUMBER, POSITION, TENANT, VERSION, index_field};

/// What `high` counts in a contribution. A sum over all documents may be wider than an integer of
/// the database; with this base, both parts of it stay within one for some billions of documents.
const MINOR_BASE: i128 = 1_000_000_000;
/// Stands between the parts of a key and before every character that they may hold.
const SEPARATOR: &str = "\t";
/// The parts of a bucket's value: `high` times the base plus `low` is the amount.
const COUNT: &str = "count";
const HIGH: &str = "high";
const LOW: &str = "low";
/// The fields of a part.
pub(crate) const PART_KEY: &str = "key";
pub(crate) const PART_VALUE: &str = "value";

/// What a stored document has that a new one cannot be made without.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stored {
    pub(crate) version: u64,
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) number: Option<Bson>,
}

/// What [`stored`] needs.
pub(crate) fn stored_fields() -> BsonDocument {
    doc! { VERSION: 1, BUCKETS: 1, NUMBER: 1 }
}

/// What [`document`] needs.
pub(crate) fn document_fields() -> BsonDocument {
    doc! { TENANT: 1, KEY: 1, VERSION: 1, POSITION: 1, CREATED: 1, JSON: 1 }
}

/// The identity of a stream's document in its kind's collection.
pub(crate) fn identity(stream: &StreamId) -> String {
    stream.aggregate_id()
}

/// A document with everything derived from it.
pub(crate) fn whole(
    document: &Document,
    buckets: &[Bucket],
    number: Option<Bson>,
) -> Result<BsonDocument, ViewError> {
    let mut whole = doc! {
        "_id": identity(&document.stream),
        TENANT: document.stream.tenant.as_str(),
        KEY: &document.stream.key,
        VERSION: signed(document.version)?,
        POSITION: signed(document.position)?,
        CREATED: signed(document.created_position)?,
        JSON: &document.json,
    };
    for (name, value) in fields_of(document.kind()).iter().zip(&document.fields) {
        if let Some(value) = field_value(value) {
            whole.insert(index_field(name), value);
        }
    }
    if let Some(number) = number {
        whole.insert(NUMBER, number);
    }
    let parts = buckets.iter().map(parts);
    let parts: Vec<Vec<BsonDocument>> = parts.collect::<Result<_, _>>()?;
    let parts = parts.concat();
    if !parts.is_empty() {
        whole.insert(BUCKETS, parts);
    }
    Ok(whole)
}

/// The change that makes a stored document this one, whatever it was.
pub(crate) fn change_to(document: &Document, whole: &BsonDocument) -> BsonDocument {
    let mut set = whole.clone();
    set.remove("_id");
    let index_fields = fields_of(document.kind()).iter();
    let may_be_there = index_fields.map(|name| index_field(name));
    let may_be_there = may_be_there.chain([NUMBER.to_owned(), BUCKETS.to_owned()]);
    let gone: BsonDocument = may_be_there
        .filter(|name| !whole.contains_key(name))
        .map(|name| (name, Bson::Boolean(true)))
        .collect();
    let mut change = doc! { "$set": set };
    if !gone.is_empty() {
        change.insert("$unset", gone);
    }
    change
}

/// A value as it is stored and compared; `None` when it is absent.
pub(crate) fn field_value(value: &FieldValue) -> Option<Bson> {
    match value {
        FieldValue::Text(text) => Some(Bson::String(text.clone())),
        FieldValue::Integer(number) => Some(Bson::Int64(*number)),
        FieldValue::Absent => None,
    }
}

/// A document; its index fields are derived data and are not read back.
pub(crate) fn document(kind: StreamKind, found: &BsonDocument) -> Result<Document, ViewError> {
    Ok(Document {
        stream: StreamId {
            tenant: parsed(found, TENANT)?,
            kind,
            key: text(found, KEY)?,
        },
        version: unsigned(found, VERSION)?,
        position: unsigned(found, POSITION)?,
        created_position: unsigned(found, CREATED)?,
        json: text(found, JSON)?,
        fields: Vec::new(),
    })
}

pub(crate) fn stored(tenant: &TenantId, found: &BsonDocument) -> Result<Stored, ViewError> {
    let parts = found.get_array(BUCKETS).into_iter().flatten();
    let parts = parts.map(|part| part.as_document().ok_or_else(|| misread(BUCKETS)));
    let parts: Vec<&BsonDocument> = parts.collect::<Result<_, _>>()?;
    Ok(Stored {
        version: unsigned(found, VERSION)?,
        buckets: buckets(tenant, parts)?,
        number: found.get(NUMBER).cloned(),
    })
}

/// What a bucket adds, a part each, so that one sum over all parts of all documents is enough:
/// FerretDB adds up no more than one thing at a time.
fn parts(bucket: &Bucket) -> Result<Vec<BsonDocument>, CounterOverflow> {
    let part = |part: i128| i64::try_from(part).map_err(|_| CounterOverflow);
    let BucketKey {
        currency,
        measure,
        bucket: name,
        ..
    } = &bucket.key;
    let measure = measure.as_str();
    let parts = [
        (COUNT, bucket.count),
        (HIGH, part(bucket.minor.div_euclid(MINOR_BASE))?),
        (LOW, part(bucket.minor.rem_euclid(MINOR_BASE))?),
    ];
    let parts = parts.into_iter().filter(|(_, value)| *value != 0);
    let parts = parts.map(|(part, value)| {
        let key = [currency, measure, name, part].join(SEPARATOR);
        doc! { PART_KEY: key, PART_VALUE: value }
    });
    Ok(parts.collect())
}

/// Buckets from the parts of one document, or from the sums of all.
pub(crate) fn buckets<'a>(
    tenant: &TenantId,
    parts: impl IntoIterator<Item = &'a BsonDocument>,
) -> Result<Vec<Bucket>, ViewError> {
    let parts = parts.into_iter().map(|part| bucket(tenant, part));
    let parts: Vec<Bucket> = parts.collect::<Result<_, _>>()?;
    Ok(total(&parts)?)
}

fn bucket(tenant: &TenantId, found: &BsonDocument) -> Result<Bucket, ViewError> {
    let key = text(found, PART_KEY)?;
    let mut names = key.splitn(4, SEPARATOR);
    let mut next = || names.next().ok_or_else(|| misread(PART_KEY));
    let (currency, measure, name, part) = (next()?, next()?, next()?, next()?);
    let value = integer(found, PART_VALUE)?;
    let (count, minor) = match part {
        COUNT => (value, 0),
        HIGH => (0, i128::from(value) * MINOR_BASE),
        LOW => (0, i128::from(value)),
        _ => return Err(misread(PART_KEY)),
    };
    Ok(Bucket {
        key: BucketKey {
            tenant: tenant.clone(),
            currency: currency.to_owned(),
            measure: Measure::parse(measure).ok_or_else(|| misread(PART_KEY))?,
            bucket: name.to_owned(),
        },
        count,
        minor,
    })
}

/// A register's line. `place` has the order of [`RegisterPlace`] as the order of texts.
pub(crate) fn number(number: &RegisteredNumber) -> Result<Bson, ViewError> {
    let RegisteredNumber { series, place, .. } = number;
    Ok(Bson::Document(doc! {
        "series": series.as_str(),
        "place": place_text(place),
        "period": &place.period,
        "sequence": signed(place.sequence)?,
        "invoice": &place.invoice_id,
        "number": &number.number,
        "issue_date": number.issue_date.to_string(),
        "document_status": number.document_status.as_str(),
        "settlement_status": number.settlement_status.as_str(),
        "position": signed(number.position)?,
    }))
}

pub(crate) fn place_text(place: &RegisterPlace) -> String {
    let RegisterPlace {
        period,
        sequence,
        invoice_id,
    } = place;
    format!("{period}{SEPARATOR}{sequence:020}{SEPARATOR}{invoice_id}")
}

/// The register's line of a document.
pub(crate) fn registered(
    tenant: &TenantId,
    found: &BsonDocument,
) -> Result<RegisteredNumber, ViewError> {
    let number = found.get_document(NUMBER).map_err(ViewError::unavailable)?;
    Ok(RegisteredNumber {
        tenant: tenant.clone(),
        series: parsed(number, "series")?,
        place: RegisterPlace {
            period: text(number, "period")?,
            sequence: unsigned(number, "sequence")?,
            invoice_id: text(number, "invoice")?,
        },
        number: text(number, "number")?,
        issue_date: parsed(number, "issue_date")?,
        document_status: parsed(number, "document_status")?,
        settlement_status: parsed(number, "settlement_status")?,
        position: unsigned(number, "position")?,
    })
}

/// A stored document has another form than this program writes.
#[derive(Debug, Error)]
#[error("the field {field} of a stored document has another form")]
struct Misread {
    field: &'static str,
}

pub(crate) fn misread(field: &'static str) -> ViewError {
    ViewError::unavailable(Misread { field })
}

pub(crate) fn signed(value: u64) -> Result<i64, ViewError> {
    i64::try_from(value).map_err(ViewError::unavailable)
}

pub(crate) fn unsigned(found: &BsonDocument, field: &'static str) -> Result<u64, ViewError> {
    u64::try_from(integer(found, field)?).map_err(ViewError::unavailable)
}

/// A whole number. The server makes a float of a sum that is too wide, and that is an error here.
pub(crate) fn integer(found: &BsonDocument, field: &'static str) -> Result<i64, ViewError> {
    match found.get(field) {
        Some(Bson::Int64(number)) => Ok(*number),
        Some(Bson::Int32(number)) => Ok(i64::from(*number)),
        Some(Bson::Double(_)) => Err(CounterOverflow.into()),
        _ => Err(misread(field)),
    }
}

pub(crate) fn text(found: &BsonDocument, field: &'static str) -> Result<String, ViewError> {
    let text = found.get_str(field).map_err(|_| misread(field))?;
    Ok(text.to_owned())
}

pub(crate) fn parsed<T: FromStr>(found: &BsonDocument, field: &'static str) -> Result<T, ViewError>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text(found, field)?.parse().map_err(ViewError::unavailable)
}
