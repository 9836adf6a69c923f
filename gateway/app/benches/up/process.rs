//! The binary as a process: its start, its memory, its end.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::memory::Memory;

/// The administrator of the prepared directory.
pub(crate) const ADMIN_EMAIL: &str = "admin@example.com";
pub(crate) const ADMIN_PASSWORD: &str = "correct horse battery staple";

/// Pause between two looks at an idle process.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Looks in a row that have to agree.
const LOOKS_THAT_AGREE: usize = 6;
/// By how much they may differ.
const LOOKS_DIFFER_MAX_KIB: u64 = 512;
/// Looks before it is said that the memory does not settle.
const LOOKS_MAX: usize = 120;
/// Pause between two looks at a process that is to end.
const END_LOOK_INTERVAL: Duration = Duration::from_millis(1);
/// `USER_HZ`, the unit of the processor times in `/proc`, is fixed on Linux.
const TICKS_PER_SECOND: u64 = 100;

/// A running `invoiceapp up`; killed when dropped.
pub(crate) struct Server {
    child: Child,
    url: String,
    ready_after: Duration,
}

/// A process that has come to rest.
pub(crate) struct Idle {
    pub(crate) memory: Memory,
    /// Of both modes together, over the looks that agreed.
    pub(crate) processor_time_per_second: Duration,
}

impl Server {
    /// Starts on a data directory and waits until it says that it is ready.
    pub(crate) fn start(directory: &Path) -> Self {
        Self::start_with(directory, |_| {})
    }

    /// The same with other settings.
    pub(crate) fn start_with(directory: &Path, configure: impl FnOnce(&mut Command)) -> Self {
        let log = File::create(directory.with_extension("log")).expect("the log can be written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_invoiceapp"));
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("INVOICEAPP_") {
                command.env_remove(key);
            }
        }
        command
            .args(["up", "--listen", "127.0.0.1:0", "--json", "--data"])
            .arg(directory)
            .env("INVOICEAPP_ADMIN_EMAIL", ADMIN_EMAIL)
            .env("INVOICEAPP_ADMIN_PASSWORD", ADMIN_PASSWORD)
            .env("INVOICEAPP_HTTP__MANAGEMENT_LISTEN", "127.0.0.1:0")
            .env("INVOICEAPP_RATE_LIMIT__PER_SECOND", "100000")
            .env("INVOICEAPP_RATE_LIMIT__BURST", "100000")
            .stdout(Stdio::piped())
            .stderr(log);
        configure(&mut command);
        let begun = Instant::now();
        let mut child = command.spawn().expect("the binary can be started");
        let stdout = child.stdout.take().expect("its output is piped");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("its output can be read");
        let ready_after = begun.elapsed();
        let facts: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(url) = facts["url"].as_str() else {
            panic!("it has ended before it was ready: see its log beside the directory");
        };
        Self {
            child,
            url: url.to_owned(),
            ready_after,
        }
    }

    /// From the start of the process to the line that says where it listens.
    pub(crate) const fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until several looks in a row see the same memory.
    pub(crate) fn settled(&self) -> Idle {
        let mut since = (Instant::now(), self.processor_time());
        let mut lowest = u64::MAX;
        let mut highest = 0;
        let mut agreeing = 0;
        for _ in 0..LOOKS_MAX {
            std::thread::sleep(LOOK_INTERVAL);
            let memory = self.memory();
            lowest = lowest.min(memory.resident_kib);
            highest = highest.max(memory.resident_kib);
            if highest - lowest > LOOKS_DIFFER_MAX_KIB {
                (lowest, highest, agreeing) = (memory.resident_kib, memory.resident_kib, 0);
                since = (Instant::now(), self.processor_time());
            }
            agreeing += 1;
            if agreeing > LOOKS_THAT_AGREE {
                let used = self.processor_time().saturating_sub(since.1);
                let seconds = u32::try_from(since.0.elapsed().as_secs()).unwrap_or(u32::MAX);
                return Idle {
                    memory,
                    processor_time_per_second: used / seconds.max(1),
                };
            }
        }
        panic!("the memory of the idle process does not settle");
    }

    /// Asks it to end, and waits until it has; its exit code has to be 0.
    pub(crate) fn stop(mut self) -> Duration {
        let begun = Instant::now();
        let asked = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(asked.is_ok_and(|status| status.success()));
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                assert!(status.success(), "it has ended with {status}");
                return begun.elapsed();
            }
            std::thread::sleep(END_LOOK_INTERVAL);
        }
    }

    /// Its memory at this moment.
    pub(crate) fn memory(&self) -> Memory {
        Memory::of(self.child.id())
    }

    /// How long it has worked since its start, in both modes together.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = self.proc("stat");
        // After the name, which is in brackets and may have blanks, fields are numbered from 3.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        Duration::from_millis(ticks * (1_000 / TICKS_PER_SECOND))
    }

    fn proc(&self, file: &str) -> String {
        let path = format!("/proc/{}/{file}", self.child.id());
        std::fs::read_to_string(path).expect("the process is there")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already unless the bench fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
