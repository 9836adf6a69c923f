//! What every [`Mailer`] must do, as a suite that each adapter's tests run against the real thing.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::party::EmailAddress;
use jiff::Timestamp;
use thiserror::Error;
use uuid::Uuid;

use crate::mailer::{Envelope, Mailer};

/// How many messages the suite sends at the same time.
const TOGETHER: u128 = 16;

/// The other end: what has arrived, read without the adapter's help.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Every message that has arrived since the inbox was made, in any order.
    async fn messages(&self) -> Vec<Vec<u8>>;
}

/// A mailer and the inbox its messages arrive in, empty at the beginning.
pub struct Target {
    /// What is tested.
    pub mailer: Arc<dyn Mailer>,
    /// Where to look.
    pub inbox: Box<dyn Inbox>,
}

/// A promise that was not kept.
#[derive(Debug, Error)]
#[error("{promise}: {found}")]
pub struct Broken {
    promise: &'static str,
    found: String,
}

fn expect(promise: &'static str, kept: bool, found: impl fmt::Debug) -> Result<(), Broken> {
    if kept {
        Ok(())
    } else {
        Err(Broken {
            promise,
            found: format!("{found:?}"),
        })
    }
}

fn envelope(number: u128) -> Result<Envelope, Broken> {
    let address = |text: &str| {
        EmailAddress::parse(text).map_err(|error| Broken {
            promise: "the suite's address",
            found: error.to_string(),
        })
    };
    Ok(Envelope {
        id: Uuid::from_u128(number),
        requested_at: Timestamp::UNIX_EPOCH,
        from: address("seller@example.com")?,
        reply_to: address("seller@example.com")?,
        to: address("buyer@example.com")?,
    })
}

fn message(number: u128, body: &str) -> Vec<u8> {
    format!("Message-ID: <{number}@example.com>\r\nSubject: {number}\r\n\r\n{body}\r\n")
        .into_bytes()
}

async fn send(target: &Target, number: u128, bytes: &[u8]) -> Result<(), Broken> {
    let accepted = target.mailer.send(&envelope(number)?, bytes).await;
    expect("a message is accepted", accepted.is_ok(), accepted).map(|_| ())
}

async fn count(target: &Target, wanted: &[u8]) -> usize {
    target
        .inbox
        .messages()
        .await
        .iter()
        .filter(|message| *message == wanted)
        .count()
}

/// A message arrives once and byte for byte, also where a line begins with a dot, which SMTP gives
/// a meaning of its own.
///
/// # Errors
/// [`Broken`], naming the promise.
pub async fn a_message_arrives_unchanged(target: &Target) -> Result<(), Broken> {
    for (number, body) in [
        (1, "text"),
        (2, ".\r\n..two\r\n.."),
        (3, ""),
        (4, &"x".repeat(998)),
    ] {
        let bytes = message(number, body);
        send(target, number, &bytes).await?;
        let arrived = count(target, &bytes).await;
        expect(
            "a message arrives once and unchanged",
            arrived == 1,
            (number, arrived),
        )?;
    }
    Ok(())
}

/// Messages sent at the same time all arrive, each once.
///
/// # Errors
/// [`Broken`], naming the promise.
pub async fn messages_sent_together_all_arrive(target: &Target) -> Result<(), Broken> {
    let mut sending = tokio::task::JoinSet::new();
    for number in 100..100 + TOGETHER {
        let (mailer, envelope) = (Arc::clone(&target.mailer), envelope(number)?);
        sending.spawn(async move { mailer.send(&envelope, &message(number, "together")).await });
    }
    while let Some(sent) = sending.join_next().await {
        expect("a message is accepted", matches!(sent, Ok(Ok(_))), sent)?;
    }
    for number in 100..100 + TOGETHER {
        let arrived = count(target, &message(number, "together")).await;
        expect(
            "each of many messages arrives once",
            arrived == 1,
            (number, arrived),
        )?;
    }
    Ok(())
}

/// A message that is sent again is accepted again and never lost. That it arrives only once is more
/// than every transport can promise; its Message-ID lets the reader's side drop the second.
///
/// # Errors
/// [`Broken`], naming the promise.
pub async fn a_repeated_message_is_accepted_and_not_lost(target: &Target) -> Result<(), Broken> {
    let bytes = message(200, "again");
    send(target, 200, &bytes).await?;
    send(target, 200, &bytes).await?;
    let arrived = count(target, &bytes).await;
    expect("a repeated message is there", arrived >= 1, arrived)
}

/// A mailer that takes messages says so.
///
/// # Errors
/// [`Broken`], naming the promise.
pub async fn a_working_mailer_passes_its_check(target: &Target) -> Result<(), Broken> {
    let checked = target.mailer.check().await;
    expect("the check passes", checked.is_ok(), checked)
}

/// Runs the whole suite.
///
/// # Errors
/// [`Broken`], naming the first promise that was not kept.
pub async fn all(target: &Target) -> Result<(), Broken> {
    a_working_mailer_passes_its_check(target).await?;
    a_message_arrives_unchanged(target).await?;
    messages_sent_together_all_arrive(target).await?;
    a_repeated_message_is_accepted_and_not_lost(target).await
}
