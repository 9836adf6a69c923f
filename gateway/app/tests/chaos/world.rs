//! The installation that all these tests share, one process per role. Whoever has it has it alone.

use std::collections::BTreeMap;
use std::process::Command;

use invoiceapp_parts::control::Part;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::full::{Installation, RoleProcess};

const LOG_FILTER: &str = "info";
/// Each role is a process of its own.
pub(crate) const ROLES: [&str; 10] = [
    "relay",
    "projector",
    "user-access",
    "authorizer",
    "product",
    "invoice",
    "pdf",
    "media",
    "mail",
    "bff",
];

/// An installation, and its processes by their role.
pub(crate) struct World {
    pub(crate) installation: Installation,
    pub(crate) processes: BTreeMap<&'static str, RoleProcess>,
}

/// The world, whole: whatever the test before has left behind.
pub(crate) async fn world() -> MutexGuard<'static, World> {
    static WORLD: OnceCell<Mutex<World>> = OnceCell::const_new();
    let world = WORLD.get_or_init(|| async {
        start_parts().await;
        Mutex::new(World {
            installation: Installation::make("chaos", LOG_FILTER).await,
            processes: BTreeMap::new(),
        })
    });
    let mut world = world.await.lock().await;
    start_parts().await;
    for role in ROLES {
        if !world.processes.contains_key(role) {
            world.start(role);
        }
    }
    world.ready().await;
    world
}

/// Runs what waits for a part beside the test.
pub(crate) async fn at_part(part: Part, act: fn(Part)) {
    let done = tokio::task::spawn_blocking(move || act(part));
    done.await.unwrap();
}

async fn start_parts() {
    for part in Part::ALL {
        at_part(part, Part::start).await;
    }
}

impl World {
    pub(crate) fn start(&mut self, role: &'static str) {
        let process = self.installation.start(one(role));
        self.processes.insert(role, process);
    }

    /// Kills the process of a role.
    pub(crate) fn stop(&mut self, role: &str) {
        drop(self.processes.remove(role));
    }

    pub(crate) async fn ready(&self) {
        for process in self.processes.values() {
            process.ready().await;
        }
    }

    pub(crate) fn process(&self, role: &str) -> &RoleProcess {
        &self.processes[role]
    }
}

/// A role as the list that a process is started with.
pub(crate) fn one(role: &'static str) -> &'static [&'static str] {
    let known = ROLES.iter().position(|known| *known == role).unwrap();
    &ROLES[known..=known]
}

impl RoleProcess {
    /// Sends a signal: `KILL`, `STOP`, `CONT`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.pid.to_string();
        let mut sent = Command::new("kill");
        sent.args([&format!("-{signal}"), &pid]);
        assert!(sent.status().unwrap().success(), "{:?}", self.roles);
    }
}
