//! Object lock, which `object_store` has no call for: two requests of our own, signed and sent by its
//! parts. Headers at the time of the put would not do, because a retention is extended later.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use object_store::aws::{AmazonS3, AwsAuthorizer, AwsCredentialProvider};
use object_store::client::{
    HttpClient, HttpConnector, HttpRequest, HttpRequestBody, HttpResponse, ReqwestConnector,
};
use object_store::path::Path;
use object_store::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};

use super::options::S3Options;
use crate::port::ObjectError;

/// Until when a version is kept, on the answer to HEAD.
const RETAIN_UNTIL: &str = "x-amz-object-lock-retain-until-date";
/// How it is kept, on the answer to HEAD.
const MODE: &str = "x-amz-object-lock-mode";
/// Nobody can shorten this kind of retention, the owner of the account neither.
const COMPLIANCE: &str = "COMPLIANCE";
/// What a bucket says that was made with object lock.
const ENABLED: &[u8] = b"<ObjectLockEnabled>Enabled</ObjectLockEnabled>";
/// Largest answer about a bucket that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 10_000;
/// The service that requests are signed for.
const SERVICE: &str = "s3";

/// Reads and sets until when objects are kept.
#[derive(Debug)]
pub(super) struct ObjectLock {
    http: HttpClient,
    credentials: AwsCredentialProvider,
    region: String,
    bucket_url: String,
}

/// What became of asking for a retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The server keeps the object until then.
    Kept,
    /// The server refused, as it does for one that is shorter than what there is.
    Refused,
}

impl ObjectLock {
    pub(super) fn new(options: &S3Options, store: &AmazonS3) -> Result<Self, object_store::Error> {
        Ok(Self {
            http: ReqwestConnector::default().connect(&options.client_options())?,
            credentials: Arc::clone(store.credentials()),
            region: options.region.clone(),
            bucket_url: options.bucket_url(),
        })
    }

    /// Tries whether the bucket is there and can keep what is archived.
    pub(super) async fn check(&self) -> Result<(), ObjectError> {
        let answer = self.send("GET", "", "?object-lock=", "").await?;
        let status = answer.status();
        let length = answer.headers().get("content-length");
        let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if !status.is_success() || length.is_none_or(|length| length > ANSWER_BYTES_MAX) {
            return Err(refused(status.as_u16()));
        }
        let body = answer.into_body().bytes().await.map_err(unavailable)?;
        if body.windows(ENABLED.len()).any(|window| window == ENABLED) {
            Ok(())
        } else {
            Err(unavailable("the bucket was made without object lock"))
        }
    }

    /// The last day on which an object is kept; `None` when it is not kept, or not there.
    pub(super) async fn retained_until(&self, object: &Path) -> Result<Option<Date>, ObjectError> {
        let answer = self.send("HEAD", object.as_ref(), "", "").await?;
        match answer.status().as_u16() {
            200 => last_day(answer.headers(), object),
            404 => Ok(None),
            status => Err(refused(status)),
        }
    }

    /// Keeps the newest version of an object to the end of a day.
    pub(super) async fn retain(&self, object: &Path, until: Date) -> Result<Asked, ObjectError> {
        let body = format!(
            "<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Mode>{COMPLIANCE}</Mode>\
             <RetainUntilDate>{}</RetainUntilDate></Retention>",
            end_of(until)?
        );
        let answer = self
            .send("PUT", object.as_ref(), "?retention=", &body)
            .await?;
        match answer.status().as_u16() {
            200 | 204 => Ok(Asked::Kept),
            403 => Ok(Asked::Refused),
            status => Err(refused(status)),
        }
    }

    async fn send(
        &self,
        method: &str,
        object: &str,
        query: &str,
        body: &str,
    ) -> Result<HttpResponse, ObjectError> {
        // Every part of a key is of characters that need no escape.
        let url = format!("{}/{object}{query}", self.bucket_url);
        let digest = Sha256::digest(body);
        let mut request = HttpRequest::new(HttpRequestBody::from(body.to_owned()));
        *request.method_mut() = method.parse().map_err(unavailable)?;
        *request.uri_mut() = url.parse().map_err(unavailable)?;
        if !body.is_empty() {
            let checksum = STANDARD.encode(digest);
            let checksum = HeaderValue::from_str(&checksum).map_err(unavailable)?;
            let headers = request.headers_mut();
            headers.insert("x-amz-checksum-sha256", checksum);
            headers.insert(
                "x-amz-sdk-checksum-algorithm",
                HeaderValue::from_static("SHA256"),
            );
        }
        let credential = self
            .credentials
            .get_credential()
            .await
            .map_err(unavailable)?;
        AwsAuthorizer::new(&credential, SERVICE, &self.region)
            .try_authorize(&mut request, Some(&digest))
            .map_err(unavailable)?;
        self.http.execute(request).await.map_err(unavailable)
    }
}

/// The first instant at which nothing keeps the object any more: the end of the day, UTC.
fn end_of(day: Date) -> Result<Timestamp, ObjectError> {
    let next = day.tomorrow().map_err(unavailable)?;
    let midnight = next.to_zoned(TimeZone::UTC).map_err(unavailable)?;
    Ok(midnight.timestamp())
}

fn last_day(headers: &HeaderMap, object: &Path) -> Result<Option<Date>, ObjectError> {
    let text = |name| headers.get(name).map(|value| value.to_str());
    if text(MODE).is_none_or(|mode| mode.ok() != Some(COMPLIANCE)) {
        return Ok(None);
    }
    let damaged = || ObjectError::Damaged {
        key: object.to_string(),
    };
    let Some(until) = text(RETAIN_UNTIL) else {
        return Ok(None);
    };
    let until = until.map_err(|_| damaged())?;
    let until: Timestamp = until.parse().map_err(|_| damaged())?;
    let last = until
        .saturating_sub(SignedDuration::from_nanos(1))
        .map_err(|_| damaged())?;
    Ok(Some(last.to_zoned(TimeZone::UTC).date()))
}

fn refused(status: u16) -> ObjectError {
    unavailable(format!("the server answered {status} about object lock"))
}

fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ObjectError {
    ObjectError::Unavailable(source.into())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn headers(mode: &'static str, until: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(MODE, HeaderValue::from_static(mode));
        headers.insert(RETAIN_UNTIL, HeaderValue::from_static(until));
        headers
    }

    #[test]
    fn an_object_is_kept_to_the_end_of_the_day() {
        assert_eq!(
            end_of(date(2036, 12, 31)).unwrap().to_string(),
            "2037-01-01T00:00:00Z"
        );
        assert!(end_of(Date::MAX).is_err());
    }

    #[test]
    fn the_last_day_is_read_from_any_instant_in_it_or_at_its_end() {
        let object = Path::from("tenant/archive/x");
        for until in [
            "2037-01-01T00:00:00Z",
            "2036-12-31T23:59:59.000Z",
            "2036-12-31T00:00:00.001Z",
        ] {
            let headers = headers(COMPLIANCE, until);
            assert_eq!(
                last_day(&headers, &object).unwrap(),
                Some(date(2036, 12, 31))
            );
        }
    }

    #[test]
    fn a_retention_that_somebody_can_lift_is_none() {
        let headers = headers("GOVERNANCE", "2037-01-01T00:00:00Z");
        assert_eq!(last_day(&headers, &Path::from("x")).unwrap(), None);
    }

    #[test]
    fn a_date_that_is_none_is_damage() {
        let headers = headers(COMPLIANCE, "never");
        let read = last_day(&headers, &Path::from("x"));
        assert!(matches!(read, Err(ObjectError::Damaged { .. })), "{read:?}");
    }
}
