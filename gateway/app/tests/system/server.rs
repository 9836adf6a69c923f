//! One running `invoiceapp up` per test, with a data directory of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::binary::invoiceapp;
use crate::door::Door;
use crate::full::Place;

/// How long a start may take on a busy machine before the test gives up.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a drain may take.
const EXIT_TIMEOUT: Duration = Duration::from_secs(30);
/// A running system; killed when dropped.
pub(crate) struct Server {
    child: Child,
    door: Door,
    management: Place,
    data: Data,
}

/// A data directory that outlives the processes that use it.
pub(crate) struct Data(TempDir);

impl Data {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The directory that the binary is given.
    pub(crate) fn directory(&self) -> PathBuf {
        self.0.path().join("data")
    }
}

impl Server {
    /// Starts on a fresh data directory and waits until it is ready.
    pub(crate) fn start() -> Self {
        Self::start_on(Data::new())
    }

    /// Starts on a data directory that may have been used before.
    pub(crate) fn start_on(data: Data) -> Self {
        Self::start_with(data, |_| {})
    }

    /// Starts with more settings.
    pub(crate) fn start_with(data: Data, configure: impl FnOnce(&mut Command)) -> Self {
        let management = Place::of(&invoiceapp_parts::unique("up"));
        let mut command = invoiceapp();
        command
            .args(["up", "--listen", "127.0.0.1:0", "--json", "--data"])
            .arg(data.directory())
            .env(
                "INVOICEAPP_HTTP__MANAGEMENT_LISTEN",
                management.management(),
            )
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(data.path().join("stderr.log")).unwrap());
        configure(&mut command);
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let url = loop {
            let Ok(line) = receiver.recv_timeout(READY_TIMEOUT) else {
                let _ = child.kill();
                let log = std::fs::read_to_string(data.path().join("stderr.log"));
                panic!(
                    "the server did not become ready: {}",
                    log.unwrap_or_default()
                );
            };
            if let Ok(facts) = serde_json::from_str::<serde_json::Value>(&line)
                && let Some(url) = facts["url"].as_str()
            {
                break url.to_owned();
            }
        };
        let door = Door::of_first_tenant(&url);
        Self {
            child,
            door,
            management,
            data,
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.door.url
    }

    /// Base address of what it says of itself.
    pub(crate) fn management_url(&self) -> String {
        format!("http://{}", self.management.management())
    }

    /// The data directory.
    pub(crate) fn directory(&self) -> PathBuf {
        self.data.directory()
    }

    /// The process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All that it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("stderr.log")).unwrap()
    }

    /// Kills the process as a power cut would, and keeps the data.
    pub(crate) fn kill(mut self) -> Data {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.into_data()
    }

    /// Asks the process to end, and tells how it did.
    pub(crate) fn terminate(mut self) -> (std::process::ExitStatus, Data) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < EXIT_TIMEOUT, "the server does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        (status, self.into_data())
    }

    fn into_data(mut self) -> Data {
        std::mem::replace(&mut self.data, Data::new())
    }
}

impl AsRef<Door> for Server {
    fn as_ref(&self) -> &Door {
        &self.door
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
