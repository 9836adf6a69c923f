//! A system with one tenant that nobody else uses, on either of the two ways to run.

use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::binary::{ADMIN_PASSWORD, invoiceapp};
use crate::door::Door;
use crate::full::{Installation, RoleProcess};
use crate::inbox;
use crate::receiver::Receiver;
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
    Full(Arc<Processes>),
}

/// An installation at work.
struct Processes {
    installation: Installation,
    processes: Vec<RoleProcess>,
}

impl System {
    pub(crate) async fn start(way: Way) -> Self {
        match way {
            Way::Embedded => Self::embedded(Server::start()),
            Way::Full => Self::of(shared().await).await,
        }
    }

    /// A system of the test's own that logs everything that it can, and sends all that it says of itself
    /// to a receiver.
    pub(crate) async fn start_observed(way: Way) -> (Self, Receiver) {
        let (receiver, address) = Receiver::start().await;
        let settings = [
            ("TELEMETRY__ENDPOINT", address.as_str()),
            ("TELEMETRY__METRICS_INTERVAL_SECONDS", "1"),
            ("LOG__FILTER", LOG_FILTER),
        ];
        let system = match way {
            Way::Embedded => Self::embedded(Server::start_with(Data::new(), |command| {
                for (key, value) in settings {
                    command.env(format!("INVOICEAPP_{key}"), value);
                }
            })),
            Way::Full => Self::of(Arc::new(start_processes("observed", &settings).await)).await,
        };
        (system, receiver)
    }

    async fn of(processes: Arc<Processes>) -> Self {
        Self {
            door: processes.installation.tenant().await,
            runs: Runs::Full(processes),
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

    /// What all its processes say of themselves, in a form that has exemplars.
    pub(crate) async fn metrics(&self) -> String {
        let http = reqwest::Client::new();
        let mut text = String::new();
        for address in self.management_addresses() {
            let request = http.get(format!("{address}/metrics"));
            let request = request.header("accept", "application/openmetrics-text");
            text += &request.send().await.unwrap().text().await.unwrap();
        }
        text
    }

    /// What it was told and is to tell nobody.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let of_servers = match &self.runs {
            Runs::Embedded(_) => [].iter(),
            Runs::Full(processes) => processes.installation.settings.iter(),
        };
        of_servers
            .filter(|(key, _)| key.contains("SECRET"))
            .map(|(_, value)| value.clone())
            .chain([ADMIN_PASSWORD.to_owned()])
            .collect()
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
async fn shared() -> Arc<Processes> {
    static SHARED: OnceCell<Result<Arc<Processes>, String>> = OnceCell::const_new();
    let shared = SHARED.get_or_init(|| async {
        let started = tokio::spawn(start_processes("system", &[]));
        let started = started.await.map(Arc::new);
        started.map_err(|error| error.to_string())
    });
    match shared.await {
        Ok(shared) => Arc::clone(shared),
        Err(reason) => panic!("the full stack did not start: {reason}"),
    }
}

async fn start_processes(folder: &str, settings: &[(&str, &str)]) -> Processes {
    let mut installation = Installation::make(folder, LOG_FILTER).await;
    let settings = settings.iter().copied();
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
    installation.settings.extend(settings);
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
