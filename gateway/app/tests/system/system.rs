//! A system with one tenant that nobody else uses, on either of the two ways to run.

use std::process::Command;

use tokio::sync::OnceCell;

use crate::binary::{ADMIN_PASSWORD, invoiceapp};
use crate::door::Door;
use crate::full::{Installation, RoleProcess};
use crate::inbox;
use crate::server::{Data, Server};

/// Everything: no secret may be in any line.
const LOG_FILTER: &str = "debug";
/// The processes of the full stack; some roles share one, to spare memory.
const PROCESSES: [&[&str]; 5] = [
    &["relay", "projector"],
    &["user-access"],
    &["authorizer", "product", "invoice"],
    &["pdf", "media", "mail"],
    &["bff"],
];

/// The two ways to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// One process on a data directory of the test's own.
    Embedded,
    /// Processes on servers, which all tests of this run share: each has a tenant of its own.
    Full,
}

/// A tenant of a running system.
pub(crate) struct System {
    pub(crate) door: Door,
    runs: Runs,
}

enum Runs {
    Embedded(Server),
    Full(&'static Processes),
}

/// An installation at work.
struct Processes {
    installation: Installation,
    processes: Vec<RoleProcess>,
}

impl System {
    pub(crate) async fn start(way: Way) -> Self {
        Self::start_with(way, |_| {}).await
    }

    /// A system that logs everything that it can.
    pub(crate) async fn start_verbose(way: Way) -> Self {
        let verbose = |command: &mut Command| {
            command.env("INVOICEAPP_LOG__FILTER", LOG_FILTER);
        };
        Self::start_with(way, verbose).await
    }

    async fn start_with(way: Way, configure: impl FnOnce(&mut Command)) -> Self {
        match way {
            Way::Embedded => Self::embedded(Server::start_with(Data::new(), configure)),
            Way::Full => {
                let shared = shared().await;
                Self {
                    door: shared.installation.tenant().await,
                    runs: Runs::Full(shared),
                }
            }
        }
    }

    /// A system with two tenants.
    pub(crate) async fn start_with_rival(way: Way) -> (Self, Door) {
        match way {
            Way::Embedded => {
                let (_, data) = Server::start().terminate();
                let rival = Door::new("", "rival");
                let output = invoiceapp()
                    .args(["tenant", "create", &rival.tenant])
                    .args(["--admin", &rival.address("admin"), "--json", "--data"])
                    .arg(data.directory())
                    .env("INVOICEAPP_ADMIN_PASSWORD", ADMIN_PASSWORD)
                    .output()
                    .unwrap();
                let message = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{message}");
                let system = Self::embedded(Server::start_on(data));
                let rival = Door::new(&system.door.url, rival.tenant);
                (system, rival)
            }
            Way::Full => {
                let system = Self::start(way).await;
                let rival = shared().await.installation.tenant().await;
                (system, rival)
            }
        }
    }

    fn embedded(server: Server) -> Self {
        Self {
            door: server.as_ref().clone(),
            runs: Runs::Embedded(server),
        }
    }

    /// An e-mail address that nobody outside of the tenant has.
    pub(crate) fn address(&self, name: &str) -> String {
        self.door.address(name)
    }

    /// Every mail to such an address.
    pub(crate) async fn mails(&self) -> Vec<Vec<u8>> {
        match &self.runs {
            Runs::Embedded(server) => maildir(server),
            Runs::Full(_) => {
                let mut mails = Vec::new();
                for mail in inbox::received(&self.door.tenant).await {
                    mails.push(inbox::raw(&mail).await);
                }
                mails
            }
        }
    }

    /// All that its processes have logged.
    pub(crate) fn log(&self) -> String {
        match &self.runs {
            Runs::Embedded(server) => server.log(),
            Runs::Full(shared) => {
                let logs = shared.processes.iter();
                logs.map(|process| std::fs::read_to_string(&process.log).unwrap())
                    .collect()
            }
        }
    }

    /// What all its processes say of themselves.
    pub(crate) async fn metrics(&self) -> String {
        let mut text = String::new();
        for address in self.management_addresses() {
            let answer = reqwest::get(format!("{address}/metrics")).await.unwrap();
            text += &answer.text().await.unwrap();
        }
        text
    }

    fn management_addresses(&self) -> Vec<String> {
        match &self.runs {
            Runs::Embedded(server) => vec![server.management_url()],
            Runs::Full(shared) => {
                let behind = shared.processes.iter().map(|process| process.roles[0]);
                let behind = behind.filter(|role| *role != "bff");
                let place = shared.installation.place;
                let behind = behind.map(|role| place.url_of(role));
                behind
                    .chain([format!("http://{}", place.management())])
                    .collect()
            }
        }
    }

    /// What the tenant's records on the topics say of themselves, where there are topics.
    pub(crate) async fn record_headers(&self) -> String {
        match &self.runs {
            Runs::Embedded(_) => String::new(),
            Runs::Full(shared) => {
                let records = shared.installation.records().await;
                let ours = format!("{}:", self.door.tenant);
                let ours = records
                    .iter()
                    .filter(|record| record.key.starts_with(&ours));
                let headers: Vec<_> = ours.map(|record| format!("{:?}", record.headers)).collect();
                assert!(!headers.is_empty());
                headers.join("\n")
            }
        }
    }
}

impl AsRef<Door> for System {
    fn as_ref(&self) -> &Door {
        &self.door
    }
}

fn maildir(server: &Server) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for folder in ["new", "cur"] {
        let Ok(entries) = std::fs::read_dir(server.directory().join("mail").join(folder)) else {
            continue;
        };
        found.extend(
            entries
                .flatten()
                .map(|entry| std::fs::read(entry.path()).unwrap()),
        );
    }
    found
}

/// The one that this run shares. When it does not start, every test says why.
async fn shared() -> &'static Processes {
    static SHARED: OnceCell<Result<Processes, String>> = OnceCell::const_new();
    let shared = SHARED.get_or_init(|| async {
        let started = tokio::spawn(start_processes()).await;
        started.map_err(|error| error.to_string())
    });
    match shared.await {
        Ok(shared) => shared,
        Err(reason) => panic!("the full stack did not start: {reason}"),
    }
}

async fn start_processes() -> Processes {
    let installation = Installation::make("system", LOG_FILTER).await;
    let processes: Vec<_> = PROCESSES
        .iter()
        .map(|roles| installation.start(roles))
        .collect();
    for process in &processes {
        process.ready().await;
    }
    Processes {
        installation,
        processes,
    }
}
