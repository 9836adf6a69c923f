//! Values as the scripts have them, and back.

use std::collections::BTreeMap;
use std::str::FromStr;

use invoiceapp_domain::{StreamId, TenantId};
use invoiceapp_projections::dashboard::{Bucket, BucketKey, CounterOverflow, Measure};
use invoiceapp_projections::{Document, ViewError};
use thiserror::Error;

/// What `high` counts: a sum over all documents may be wider than an integer of Redis, and with this
/// base both parts of it stay within one for some billions of documents.
const MINOR_BASE: i128 = 1_000_000_000;
/// Stands between the parts of a counter's name.
const SEPARATOR: char = '\t';

/// A value has another form than this program writes.
#[derive(Debug, Error)]
#[error("a hot value has another form")]
pub(crate) struct Misread;

pub(crate) fn misread() -> ViewError {
    ViewError::unavailable(Misread)
}

pub(crate) fn number<T: FromStr>(text: &str) -> Result<T, ViewError> {
    text.parse().map_err(|_| misread())
}

/// What a script returns of one document: its place among those asked for, version, position,
/// position of creation, JSON.
pub(crate) type DocumentParts = (String, String, String, String, String);

pub(crate) fn document(streams: &[StreamId], parts: DocumentParts) -> Result<Document, ViewError> {
    let (place, version, position, created, json) = parts;
    let stream = streams.get(number::<usize>(&place)?).ok_or_else(misread)?;
    Ok(Document {
        stream: stream.clone(),
        version: number(&version)?,
        position: number(&position)?,
        created_position: number(&created)?,
        json,
        fields: Vec::new(),
    })
}

/// Contributions as the script takes them. All numbers are texts.
pub(crate) fn contributions(buckets: &[Bucket]) -> Result<String, ViewError> {
    let parts = buckets.iter().map(|bucket| {
        let part = |part: i128| i64::try_from(part).map_err(|_| CounterOverflow);
        let BucketKey {
            currency,
            measure,
            bucket: name,
            ..
        } = &bucket.key;
        let measure = measure.as_str();
        Ok([
            format!("{currency}{SEPARATOR}{measure}{SEPARATOR}{name}"),
            bucket.count.to_string(),
            part(bucket.minor.div_euclid(MINOR_BASE))?.to_string(),
            part(bucket.minor.rem_euclid(MINOR_BASE))?.to_string(),
        ])
    });
    let parts: Vec<[String; 4]> = parts.collect::<Result<_, CounterOverflow>>()?;
    serde_json::to_string(&parts).map_err(ViewError::unavailable)
}

/// Counters from names and values.
pub(crate) fn buckets(
    tenant: &TenantId,
    found: Vec<(String, String)>,
) -> Result<Vec<Bucket>, ViewError> {
    let mut sums: BTreeMap<String, (i64, i128)> = BTreeMap::new();
    for (name, value) in found {
        let (key, part) = name.rsplit_once(SEPARATOR).ok_or_else(misread)?;
        let value: i64 = number(&value)?;
        let sum = sums.entry(key.to_owned()).or_default();
        match part {
            "count" => sum.0 = value,
            "high" => sum.1 += i128::from(value) * MINOR_BASE,
            "low" => sum.1 += i128::from(value),
            _ => return Err(misread()),
        }
    }
    let sums = sums.into_iter().filter(|(_, sum)| *sum != (0, 0));
    sums.map(|(key, (count, minor))| bucket(tenant, &key, count, minor))
        .collect()
}

fn bucket(tenant: &TenantId, key: &str, count: i64, minor: i128) -> Result<Bucket, ViewError> {
    let mut parts = key.splitn(3, SEPARATOR);
    let mut next = || parts.next().ok_or_else(misread);
    let (currency, measure, name) = (next()?, next()?, next()?);
    Ok(Bucket {
        key: BucketKey {
            tenant: tenant.clone(),
            currency: currency.to_owned(),
            measure: Measure::parse(measure).ok_or_else(misread)?,
            bucket: name.to_owned(),
        },
        count,
        minor,
    })
}
