//! Sends issued invoices by mail and reports what became of each.
//!
//! A request for delivery becomes one job per recipient. A job waits for the PDF, builds the same
//! message on every attempt, hands it to a [`Mailer`], and reports the outcome to the invoice.
//! Promised: at least one mail, always under the same Message-ID, and a second one only where the
//! answer of a mail server was lost; a Maildir never gets a second one.

pub mod conformance;

mod compose;
mod content;
mod maildir;
mod mailer;
mod plan;
mod reactor;
mod smtp;
mod words;

pub use compose::{ComposeError, compose, message_id};
pub use content::InvoiceMail;
pub use maildir::Maildir;
pub use mailer::{Accepted, Envelope, MESSAGE_BYTES_MAX, Mailer, SendError};
pub use reactor::{MailParts, MailReactor, WhenUncertain};
pub use smtp::{SmtpCredentials, SmtpMailer, SmtpOptions, SmtpOptionsError, SmtpPatience, SmtpTls};
