//! Which server, how its connections are protected, who we are to it.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// Connections at the same time, unless the options say otherwise.
const CONNECTIONS_DEFAULT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);
/// How we prove who we are: only inside TLS, so the plain ones are the best ones.
pub(super) const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all: to this machine only, unless [`SmtpOptions::plaintext_allowed`].
    None,
    /// By STARTTLS (RFC 3207), and never without it.
    StartTls,
    /// From the first byte (RFC 8314).
    Tls,
}

/// A name and a password for the mail server.
#[derive(Clone)]
pub struct SmtpCredentials {
    /// Who.
    pub username: String,
    /// And how we prove it.
    pub password: SecretString,
}

/// How long the mail server is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmtpPatience {
    /// From the first packet of a connection to the end of the login.
    pub connect: Duration,
    /// For the answer to a command.
    pub command: Duration,
    /// For the message and the answer to it. RFC 5321 (4.5.3.2) asks for ten minutes after the last
    /// dot, but all of it together has to stay below the longest time of an act.
    pub message: Duration,
}

impl Default for SmtpPatience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            command: Duration::from_secs(30),
            message: Duration::from_mins(2),
        }
    }
}

/// A mail server and how it is used.
#[derive(Clone)]
pub struct SmtpOptions {
    /// Its name, which its certificate must have, or its address.
    pub host: String,
    /// Its port: 465 for TLS, 587 for STARTTLS, 25 or 1025 for none.
    pub port: u16,
    /// How connections are protected.
    pub tls: SmtpTls,
    /// Lets mails and credentials go unprotected to another machine.
    pub plaintext_allowed: bool,
    /// A certificate in PEM that is trusted besides the public ones, for a server of one's own.
    pub root_certificate: Option<Vec<u8>>,
    /// Who we are, for a server that asks.
    pub credentials: Option<SmtpCredentials>,
    /// The name that we say hello with (RFC 5321, 4.1.1.1); the machine's when there is none.
    pub hello_name: Option<String>,
    /// Connections at the same time.
    pub connections_max: NonZeroUsize,
    /// How long it is waited for.
    pub patience: SmtpPatience,
}

impl fmt::Debug for SmtpOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SmtpOptions")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// Options that no mail can be sent with.
#[derive(Debug, Error)]
pub enum SmtpOptionsError {
    /// Unprotected mails to another machine.
    #[error("mails would go to another machine unprotected, which the options do not allow")]
    Plaintext,
    /// The certificate or the server's name.
    #[error("TLS cannot be set up")]
    Tls(#[source] lettre::transport::smtp::Error),
}

impl SmtpOptions {
    /// A server, with nothing else said.
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16, tls: SmtpTls) -> Self {
        Self {
            host: host.into(),
            port,
            tls,
            plaintext_allowed: false,
            root_certificate: None,
            credentials: None,
            hello_name: None,
            connections_max: CONNECTIONS_DEFAULT,
            patience: SmtpPatience::default(),
        }
    }

    /// The parameters of TLS, when there is any.
    pub(super) fn tls_parameters(&self) -> Result<Option<TlsParameters>, SmtpOptionsError> {
        if self.tls == SmtpTls::None {
            return if self.plaintext_allowed || self.is_this_machine() {
                Ok(None)
            } else {
                Err(SmtpOptionsError::Plaintext)
            };
        }
        let mut builder = TlsParameters::builder(self.host.clone());
        if let Some(pem) = &self.root_certificate {
            let certificate = Certificate::from_pem(pem).map_err(SmtpOptionsError::Tls)?;
            builder = builder.add_root_certificate(certificate);
        }
        let parameters = builder.build_rustls().map_err(SmtpOptionsError::Tls)?;
        Ok(Some(parameters))
    }

    fn is_this_machine(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    pub(super) fn client_id(&self) -> ClientId {
        self.hello_name
            .clone()
            .map_or_else(ClientId::default, ClientId::Domain)
    }

    pub(super) fn login(&self) -> Option<Credentials> {
        let credentials = self.credentials.as_ref()?;
        let password = credentials.password.expose_secret().to_owned();
        Some(Credentials::new(credentials.username.clone(), password))
    }
}
