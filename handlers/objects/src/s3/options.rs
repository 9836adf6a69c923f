//! Where the bucket is, and how patient the client is.

use std::fmt;
use std::sync::Once;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use secrecy::{ExposeSecret, SecretString};

use crate::port::ObjectError;

/// Longest wait for a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest time of one request with its body.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
/// How often a request is sent again that may be sent again.
const RETRIES_MAX: usize = 3;
/// No request is sent again after this time.
const RETRY_TIME_MAX: Duration = Duration::from_secs(20);
/// The pause before the second and the longest one before a later attempt.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// Connections that are kept for the next request.
const IDLE_CONNECTIONS_MAX: usize = 16;
/// Longest prefix, in bytes.
const PREFIX_BYTES_MAX: usize = 63;

/// A bucket with object lock, on any server that speaks S3. The key needs the rights to get and put
/// objects and their retentions, and to get the bucket's object lock configuration.
#[derive(Clone)]
pub struct S3Options {
    /// The server's address, without the bucket: `https://s3.eu-central-1.amazonaws.com`.
    pub endpoint: String,
    /// The region that requests are signed for; servers other than Amazon's mostly take any.
    pub region: String,
    /// The bucket. It must have been made with object lock, or nothing can be archived in it.
    pub bucket: String,
    /// A folder in the bucket, for a bucket that is shared: lower-case letters, digits, `-`, `_`.
    pub prefix: Option<String>,
    /// Who.
    pub access_key_id: String,
    /// And how we prove it.
    pub secret_access_key: SecretString,
}

impl fmt::Debug for S3Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("S3Options")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl S3Options {
    /// The bucket's address: the bucket is a part of the path, which every server understands.
    pub(super) fn bucket_url(&self) -> String {
        format!("{}/{}", self.endpoint.trim_end_matches('/'), self.bucket)
    }

    /// The prefix, once it is known to be one folder's name.
    pub(super) fn checked_prefix(&self) -> Result<Option<String>, ObjectError> {
        let is_plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
        };
        let Some(prefix) = &self.prefix else {
            return Ok(None);
        };
        if prefix.is_empty() || prefix.len() > PREFIX_BYTES_MAX || !prefix.bytes().all(is_plain) {
            return Err(ObjectError::MalformedKey);
        }
        Ok(Some(prefix.clone()))
    }

    pub(super) fn client_options(&self) -> ClientOptions {
        init_crypto();
        ClientOptions::new()
            .with_connect_timeout(CONNECT_TIME_MAX)
            .with_timeout(REQUEST_TIME_MAX)
            .with_pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            // An address that says http is somebody's choice: requests are signed, bytes are not hidden.
            .with_allow_http(self.endpoint.starts_with("http://"))
    }

    pub(super) fn store(&self) -> Result<AmazonS3, object_store::Error> {
        let (init_backoff, max_backoff) = PAUSES;
        let backoff = BackoffConfig {
            init_backoff,
            max_backoff,
            ..BackoffConfig::default()
        };
        AmazonS3Builder::new()
            .with_endpoint(self.endpoint.trim_end_matches('/'))
            .with_region(&self.region)
            .with_bucket_name(&self.bucket)
            .with_access_key_id(&self.access_key_id)
            .with_secret_access_key(self.secret_access_key.expose_secret())
            // A bucket with object lock takes no object without a checksum.
            .with_checksum_algorithm(Checksum::SHA256)
            .with_client_options(self.client_options())
            .with_retry(RetryConfig {
                backoff,
                max_retries: RETRIES_MAX,
                retry_timeout: RETRY_TIME_MAX,
            })
            .build()
    }
}

/// Clients ask for the process's cryptography, also those that will never use it.
fn init_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that a provider is installed already, and there is only ring to install.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
