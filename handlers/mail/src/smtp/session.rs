//! One conversation with the mail server, step by step, because what a failure means depends on the
//! step: up to the last dot nothing was accepted, after it only the server's answer tells.
//!
//! `AsyncSmtpTransport` does the same steps and does not say in which of them it failed, so the steps
//! are taken one by one here, on lettre's connection.

use std::error::Error as StdError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use lettre::transport::smtp::{Error as SmtpError, extension::ClientId};
use tokio::time::timeout;

use super::options::{MECHANISMS, SmtpOptions, SmtpPatience, SmtpTls};
use crate::mailer::{Envelope, SendError};

/// Longest goodbye.
const QUIT_TIME_MAX: Duration = Duration::from_secs(2);
/// Bytes of the message that are handed to the connection at a time.
const PIECE_BYTES: usize = 64 << 10;
/// What the server says when it wants the message.
const GO_AHEAD: u16 = 354;
/// Where many servers say under which name they have the message.
const QUEUED_AS: &str = "queued as ";

/// A connection that is ready for a message.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    patience: SmtpPatience,
}

impl Session {
    /// Connects, protects the connection, logs in. Whatever fails here, the message is not the
    /// reason: it can be sent once the server, or what we were told about it, is right.
    pub(super) async fn open(
        options: &SmtpOptions,
        tls: Option<&TlsParameters>,
        hello: &ClientId,
    ) -> Result<Self, SendError> {
        let patience = options.patience;
        let opening = async {
            let server = (options.host.as_str(), options.port);
            let from_the_start = tls.filter(|_| options.tls == SmtpTls::Tls).cloned();
            let connect = Some(patience.connect);
            let mut connection =
                AsyncSmtpConnection::connect_tokio1(server, connect, hello, from_the_start, None)
                    .await?;
            if let Some(tls) = tls.filter(|_| options.tls == SmtpTls::StartTls) {
                // An error when the server does not offer it: nothing was said in the clear yet.
                connection.starttls(tls.clone(), hello).await?;
            }
            if let Some(login) = options.login() {
                connection.auth(&MECHANISMS, &login).await?;
            }
            Ok(connection)
        };
        match timeout(patience.connect, opening).await {
            Ok(Ok(connection)) => Ok(Self {
                connection,
                patience,
            }),
            Ok(Err(error)) => Err(of_opening(error)),
            Err(elapsed) => Err(transient(elapsed)),
        }
    }

    /// Whether the server is still there.
    pub(super) async fn is_alive(&mut self) -> bool {
        let asked = timeout(self.patience.command, self.connection.test_connected());
        asked.await.unwrap_or(false)
    }

    /// Hands over one message. After an error the connection is not to be used again.
    pub(super) async fn send(
        &mut self,
        envelope: &Envelope,
        message: &[u8],
    ) -> Result<String, SendError> {
        let (from, to) = (address(&envelope.from)?, address(&envelope.to)?);
        let parameters = self.parameters([&from, &to], message)?;
        self.ask(Mail::new(Some(from), parameters)).await?;
        self.ask(Rcpt::new(to, Vec::new())).await?;
        let go_ahead = self.ask(Data).await?;
        if !go_ahead.has_code(GO_AHEAD) {
            return Err(transient("the server did not ask for the message"));
        }
        self.message(message).await
    }

    /// Says goodbye, where the server still listens.
    pub(super) async fn quit(mut self) {
        // Nothing depends on the answer.
        let _answer = timeout(QUIT_TIME_MAX, self.connection.quit()).await;
    }

    fn parameters(
        &self,
        addresses: [&Address; 2],
        message: &[u8],
    ) -> Result<Vec<MailParameter>, SendError> {
        let server = self.connection.server_info();
        let mut parameters = Vec::new();
        if addresses
            .iter()
            .any(|address| !address.to_string().is_ascii())
        {
            if !server.supports_feature(Extension::SmtpUtfEight) {
                return Err(refused("the server takes no address that is not ASCII"));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !message.is_ascii() {
            if !server.supports_feature(Extension::EightBitMime) {
                return Err(refused("the server takes no message that is not ASCII"));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }

    async fn ask(&mut self, command: impl std::fmt::Display) -> Result<Response, SendError> {
        match timeout(self.patience.command, self.connection.command(command)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(of_reply(&error).unwrap_or_else(|| transient(error))),
            Err(elapsed) => Err(transient(elapsed)),
        }
    }

    async fn message(&mut self, message: &[u8]) -> Result<String, SendError> {
        // The dot that ends the message brings the last line end with it.
        let body = message.strip_suffix(b"\r\n").unwrap_or(message);
        // Asked for another piece and given none, the connection sends the dot.
        let dot_was_sent = AtomicBool::new(false);
        let mut pieces = body.chunks(PIECE_BYTES);
        let pieces = std::iter::from_fn(|| {
            let piece = pieces.next();
            dot_was_sent.store(piece.is_none(), Ordering::Relaxed);
            piece
        });
        let sent = timeout(self.patience.message, self.connection.message_iter(pieces)).await;
        let unknown = |source: Box<dyn StdError + Send + Sync>| {
            if dot_was_sent.load(Ordering::Relaxed) {
                SendError::Uncertain(source)
            } else {
                SendError::Transient(source)
            }
        };
        match sent {
            Ok(Ok(response)) if response.code().severity == Severity::PositiveCompletion => {
                Ok(reference(&response))
            }
            Ok(Ok(_)) => Err(unknown("the server's answer is no answer".into())),
            Ok(Err(error)) => Err(of_reply(&error).unwrap_or_else(|| unknown(error.into()))),
            Err(elapsed) => Err(unknown(elapsed.into())),
        }
    }
}

/// How the server calls the message, or all that it said.
fn reference(response: &Response) -> String {
    let line = response.first_line().unwrap_or_default();
    let name = line.split_once(QUEUED_AS).map_or(line, |(_, name)| name);
    name.trim().to_owned()
}

fn address(email: &invoiceapp_domain::party::EmailAddress) -> Result<Address, SendError> {
    let malformed = |_| refused("an address has no form in SMTP");
    email.as_str().parse().map_err(malformed)
}

/// What an answer of the server means: 4xx is "not now", 5xx is "never" (RFC 5321, 4.2.1). `None`
/// when it did not answer.
fn of_reply(error: &SmtpError) -> Option<SendError> {
    let code = error.status()?;
    // The text beside the code may quote the address.
    Some(if error.is_permanent() {
        refused(&format!("the server answered {code}"))
    } else {
        transient(format!("the server answered {code}"))
    })
}

/// What it means that there is no connection, whatever the server said: not now.
fn of_opening(error: SmtpError) -> SendError {
    match error.status() {
        Some(code) => transient(format!("the server answered {code}")),
        None => transient(error),
    }
}

fn refused(reason: &str) -> SendError {
    SendError::Permanent {
        reason: reason.to_owned(),
    }
}

fn transient<E: Into<Box<dyn StdError + Send + Sync>>>(source: E) -> SendError {
    SendError::Transient(source.into())
}
