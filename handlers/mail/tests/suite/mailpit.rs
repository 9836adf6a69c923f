//! The stack's inbox, read through its API.

use async_trait::async_trait;
use invoiceapp_mail::conformance::Inbox;
use invoiceapp_mail::{SmtpMailer, SmtpOptions, SmtpTls};
use invoiceapp_parts as parts;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Most messages that are listed.
const LIST_MAX: usize = 1_000;

/// What the server adds.
const TRACE: [&str; 3] = ["Bcc:", "Return-Path:", "Received:"];

/// The stack's mail server.
pub(crate) fn mailer() -> SmtpMailer {
    let url = parts::smtp_url();
    let (host, port) = url
        .strip_prefix("smtp://")
        .and_then(|address| address.split_once(':'))
        .unwrap();
    SmtpMailer::new(SmtpOptions::new(host, port.parse().unwrap(), SmtpTls::None)).unwrap()
}

/// What arrives from now on; other tests send to the same inbox.
pub(crate) struct Mailpit {
    before: Vec<String>,
}

impl Mailpit {
    pub(crate) async fn open() -> Self {
        Self {
            before: ids().await,
        }
    }
}

#[async_trait]
impl Inbox for Mailpit {
    async fn messages(&self) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        for id in ids().await {
            if !self.before.contains(&id) {
                let raw = get(&format!("/api/v1/message/{id}/raw")).await;
                messages.push(without_trace(raw));
            }
        }
        messages
    }
}

async fn ids() -> Vec<String> {
    let listed = get(&format!("/api/v1/messages?limit={LIST_MAX}")).await;
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    let messages = listed["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["ID"].as_str().unwrap().to_owned())
        .collect()
}

/// The lines that a server puts before a message that it takes (RFC 5321, 4.4) are not ours; this one
/// also names recipients that no header names.
fn without_trace(raw: Vec<u8>) -> Vec<u8> {
    let mut rest = raw.as_slice();
    let mut in_trace = false;
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let line = &rest[..end];
        let continues = in_trace && line.first().is_some_and(u8::is_ascii_whitespace);
        let begins = |name: &&str| line.starts_with(name.as_bytes());
        in_trace = continues || TRACE.iter().any(begins);
        if !in_trace {
            break;
        }
        rest = &rest[end + 2..];
    }
    rest.to_vec()
}

/// One request of HTTP/1.0, whose answer ends with the connection.
async fn get(path: &str) -> Vec<u8> {
    let url = parts::mailpit_url();
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.0 200"), "{path}");
    let body = answer
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .unwrap();
    answer.split_off(body + 4)
}
