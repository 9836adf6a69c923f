//! One process of an installation, under a keeper that ends it when the test does, however that
//! ends: the keeper waits for the end of its input, which the system closes for whoever dies.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Place;

const KEEPER: &str = r#""$@" >/dev/null & child=$!; echo "$child"; exec >&-
    cat >/dev/null; kill -9 "$child" 2>/dev/null; wait"#;
/// How long a process may take until it can work, on a busy machine.
const READY_TIMEOUT: Duration = Duration::from_secs(120);
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// A process. It ends when this is dropped, and with the test's own process at the latest.
pub(crate) struct RoleProcess {
    keeper: Child,
    pub(crate) pid: u32,
    pub(crate) place: Place,
    pub(crate) roles: &'static [&'static str],
    pub(crate) log: PathBuf,
}

impl RoleProcess {
    pub(super) fn spawn(
        command: &Command,
        roles: &'static [&'static str],
        place: &Place,
        log: PathBuf,
    ) -> Self {
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER, "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log_file(&log));
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => keeper.env(key, value),
                None => keeper.env_remove(key),
            };
        }
        let mut keeper = keeper.spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(keeper.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        Self {
            keeper,
            pid: line.trim().parse().unwrap(),
            place: *place,
            roles,
            log,
        }
    }

    /// Waits until it can work.
    pub(crate) async fn ready(&self) {
        let http = reqwest::Client::new();
        let address = format!("{}/readyz", self.place.url_of(self.roles[0]));
        let begun = Instant::now();
        loop {
            let answer = http.get(&address).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            let waited = begun.elapsed();
            assert!(waited < READY_TIMEOUT, "not ready: see {:?}", self.log);
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

/// A process that comes back goes on with the log of the one before.
fn log_file(path: &PathBuf) -> File {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap()
}

impl Drop for RoleProcess {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
