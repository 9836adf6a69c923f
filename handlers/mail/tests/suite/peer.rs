//! A mail server that follows a script, for the ways of failing that a real one cannot be asked for.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What the peer does at a step.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Does {
    /// Says a line.
    Says(&'static str),
    /// Cuts the connection.
    Cuts,
    /// Says nothing any more.
    Hangs,
}

/// What each step's name (`GREETING`, a command's first word, `DOT`) is answered with; what is not in
/// the script is answered well. The script of a connection is its number's, or the last.
pub(crate) type Script = HashMap<&'static str, Does>;

pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    /// Notified when the peer begins to hang.
    pub(crate) hangs: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Seen {
    connections: usize,
    commands: Vec<String>,
    /// Whole messages, as they came, up to the dot.
    messages: Vec<Vec<u8>>,
}

impl Peer {
    pub(crate) async fn start(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, hangs) = (Arc::<Mutex<Seen>>::default(), Arc::<Notify>::default());
        let (log, hang) = (Arc::clone(&seen), Arc::clone(&hangs));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut seen = log.lock().unwrap();
                    seen.connections += 1;
                    seen.connections - 1
                };
                let script = scripts.get(number).or(scripts.last()).cloned();
                let (log, hang) = (Arc::clone(&log), Arc::clone(&hang));
                tokio::spawn(async move {
                    // A client that goes away in the middle is a part of the tests.
                    let _ended = converse(stream, script.unwrap_or_default(), &log, &hang).await;
                });
            }
        });
        Self {
            address,
            seen,
            hangs,
        }
    }

    /// A peer with one script for every connection.
    pub(crate) async fn with(script: impl IntoIterator<Item = (&'static str, Does)>) -> Self {
        Self::start(vec![script.into_iter().collect()]).await
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        self.seen.lock().unwrap().commands.clone()
    }

    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        self.seen.lock().unwrap().messages.clone()
    }
}

async fn converse(
    mut stream: TcpStream,
    script: Script,
    log: &Mutex<Seen>,
    hangs: &Notify,
) -> std::io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    let mut step = "GREETING".to_owned();
    loop {
        let does = script.get(step.as_str()).copied();
        let good = match step.as_str() {
            "GREETING" => "220 peer.example",
            "DATA" => "354 go ahead",
            "QUIT" => "221 bye",
            "DOT" => "250 2.0.0 Ok: queued as 4711",
            "EHLO" => "250-peer.example\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME",
            "AUTH" => "235 welcome",
            _ => "250 ok",
        };
        match does.unwrap_or(Does::Says(good)) {
            Does::Says(line) => writer.write_all(format!("{line}\r\n").as_bytes()).await?,
            Does::Cuts => return Ok(()),
            Does::Hangs => {
                hangs.notify_one();
                std::future::pending().await
            }
        }
        let went_on = does.is_none_or(|does| matches!(does, Does::Says("354 go ahead")));
        if step == "DATA" && went_on {
            let message = read_message(&mut reader).await?;
            log.lock().unwrap().messages.push(message);
            "DOT".clone_into(&mut step);
            continue;
        }
        let mut line = String::new();
        if reader.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        log.lock()
            .unwrap()
            .commands
            .push(line.trim_end().to_owned());
        step = line
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned();
    }
}

async fn read_message(reader: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(message);
        }
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
