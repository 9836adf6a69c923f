//! The HTTP client of the receivers. It blocks, on threads that serve nobody else.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use secrecy::ExposeSecret;

use crate::error::TelemetryError;
use crate::options::Export;

/// What every exporter sends with. The crypto provider of TLS is the process's own.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::blocking::Client,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) timeout: Duration,
}

impl Client {
    pub(crate) fn new(export: &Export) -> Result<Self, TelemetryError> {
        let mut headers = HashMap::new();
        for (name, value) in &export.headers {
            let value = value.expose_secret();
            if HeaderName::try_from(name).is_err() || HeaderValue::try_from(value).is_err() {
                return Err(TelemetryError::Header { name: name.clone() });
            }
            headers.insert(name.clone(), value.to_owned());
        }
        let timeout = export.timeout;
        // It has a runtime of its own, which cannot be made on a thread of another runtime.
        let made = std::thread::Builder::new().spawn(move || {
            reqwest::blocking::Client::builder()
                .timeout(timeout)
                .redirect(Policy::none())
                .build()
        })?;
        let http = match made.join() {
            Ok(made) => made?,
            Err(_panic) => {
                return Err(TelemetryError::Thread(std::io::Error::other(
                    "the thread panicked",
                )));
            }
        };
        Ok(Self {
            http,
            headers,
            timeout,
        })
    }
}
