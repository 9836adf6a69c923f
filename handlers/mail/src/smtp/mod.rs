//! The port on a mail server: SMTP (RFC 5321) with a pool of connections, TLS, and a word for every
//! way in which it can end.

mod options;
mod session;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_observe::client::{called, mail_server};
use lettre::transport::smtp::client::TlsParameters;
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use crate::mailer::{Accepted, Envelope, MESSAGE_BYTES_MAX, Mailer, SendError};

pub use options::{SmtpCredentials, SmtpOptions, SmtpOptionsError, SmtpPatience, SmtpTls};

use session::Session;

/// Longest wait for another mail's connection.
const QUEUE_TIME_MAX: Duration = Duration::from_secs(30);
/// A connection that was idle for longer is not used again.
const IDLE_TIME_MAX: Duration = Duration::from_secs(60);
/// Messages over one connection; some servers count and hang up.
const MESSAGES_PER_CONNECTION_MAX: u32 = 50;

/// A [`Mailer`] over SMTP.
pub struct SmtpMailer {
    options: SmtpOptions,
    tls: Option<TlsParameters>,
    hello: ClientId,
    permits: Semaphore,
    idle: Mutex<VecDeque<Idle>>,
}

/// A connection between two messages.
struct Idle {
    session: Session,
    messages: u32,
    since: Instant,
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SmtpMailer")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl SmtpMailer {
    /// A mailer to a server. Nothing is asked of it yet: [`Mailer::check`] does.
    ///
    /// # Errors
    /// [`SmtpOptionsError`] when the options would send mails unprotected, or TLS cannot be set up.
    pub fn new(options: SmtpOptions) -> Result<Self, SmtpOptionsError> {
        Ok(Self {
            tls: options.tls_parameters()?,
            hello: options.client_id(),
            permits: Semaphore::new(options.connections_max.get()),
            idle: Mutex::default(),
            options,
        })
    }

    async fn permit(&self) -> Result<SemaphorePermit<'_>, SendError> {
        let permit = timeout(QUEUE_TIME_MAX, self.permits.acquire()).await;
        permit
            .map_err(|elapsed| SendError::Transient(elapsed.into()))?
            .map_err(|closed| SendError::Transient(closed.into()))
    }

    /// A connection that answers, and how many messages it has carried.
    async fn session(&self) -> Result<(Session, u32), SendError> {
        while let Some(mut idle) = self.take_idle() {
            if idle.since.elapsed() < IDLE_TIME_MAX && idle.session.is_alive().await {
                return Ok((idle.session, idle.messages));
            }
        }
        let session = Session::open(&self.options, self.tls.as_ref(), &self.hello).await?;
        Ok((session, 0))
    }

    fn take_idle(&self) -> Option<Idle> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop_back()
    }

    async fn give_back(&self, session: Session, messages: u32) {
        if messages >= MESSAGES_PER_CONNECTION_MAX {
            return session.quit().await;
        }
        let since = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push_back(Idle {
            session,
            messages,
            since,
        });
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, envelope: &Envelope, message: &[u8]) -> Result<Accepted, SendError> {
        if message.len() > MESSAGE_BYTES_MAX {
            return Err(refused("the message is too large"));
        }
        if !has_only_whole_line_ends(message) {
            return Err(refused("a line of the message does not end with CRLF"));
        }
        let span = mail_server(&self.options.host, self.options.port);
        called(span, self.hand_over(envelope, message)).await
    }

    async fn check(&self) -> Result<(), SendError> {
        let _permit = self.permit().await?;
        let (session, messages) = self.session().await?;
        self.give_back(session, messages).await;
        Ok(())
    }
}

impl SmtpMailer {
    async fn hand_over(&self, envelope: &Envelope, message: &[u8]) -> Result<Accepted, SendError> {
        let _permit = self.permit().await?;
        let (mut session, messages) = self.session().await?;
        match session.send(envelope, message).await {
            Ok(reference) => {
                self.give_back(session, messages.saturating_add(1)).await;
                Ok(Accepted { reference })
            }
            Err(error) => {
                if matches!(error, SendError::Permanent { .. }) {
                    session.quit().await;
                }
                Err(error)
            }
        }
    }
}

/// A bare CR or LF is a line end to some servers and none to others: what one takes for text, the
/// next takes for a command (SMTP smuggling, RUSTSEC-2026-0561).
fn has_only_whole_line_ends(message: &[u8]) -> bool {
    let mut before = None;
    for &byte in message {
        if (byte == b'\n') != (before == Some(b'\r')) {
            return false;
        }
        before = Some(byte);
    }
    before != Some(b'\r')
}

fn refused(reason: &str) -> SendError {
    SendError::Permanent {
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::has_only_whole_line_ends;

    #[test]
    fn a_line_ends_with_both_characters_or_not_at_all() {
        for whole in [&b""[..], b"a", b"a\r\n", b"\r\n\r\n.\r\nb"] {
            assert!(has_only_whole_line_ends(whole), "{whole:?}");
        }
        for broken in [&b"\n"[..], b"a\nb", b"a\rb", b"a\r", b"\r\r\n", b"\r\n\n"] {
            assert!(!has_only_whole_line_ends(broken), "{broken:?}");
        }
    }
}
