//! What `/proc` says about the memory of a process.

/// The memory of a process at a moment.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    /// Pages in memory, shared libraries and mapped files included.
    pub(crate) resident_kib: u64,
    /// The most that was ever resident.
    pub(crate) peak_kib: u64,
    /// Threads.
    pub(crate) threads: u64,
}

impl Memory {
    /// Looks at a process that runs.
    pub(crate) fn of(pid: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
        let status = status.expect("the process is there");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.and_then(|number| number.parse().ok())
        };
        Self {
            resident_kib: field("VmRSS:").expect("the kernel tells the memory"),
            peak_kib: field("VmHWM:").expect("the kernel tells the memory"),
            threads: field("Threads:").expect("the kernel tells the threads"),
        }
    }
}
