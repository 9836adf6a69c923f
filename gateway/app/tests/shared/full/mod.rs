//! An installation of the full stack of a test's own: databases, topics, a realm and processes that
//! share nothing with any other, on the servers that `./compose/stack up` started.

mod process;
mod settings;
mod tenant;
pub(crate) mod topics;

use std::path::PathBuf;
use std::process::Command;

use invoiceapp_parts::keycloak::Realm;
use sqlx::{Connection, PgConnection};

pub(crate) use process::RoleProcess;
pub(crate) use settings::Place;

/// Longest common name that every part takes.
const NAME_LENGTH: usize = 16;

/// An installation. What it stored stays on the servers, which belong to tests.
pub(crate) struct Installation {
    /// What its databases, topics and keys are called.
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) settings: Vec<(String, String)>,
    folder: PathBuf,
}

impl Installation {
    /// Makes everything that processes find in place when they start. The logs go into a folder of
    /// that name, in place of an earlier run's.
    pub(crate) async fn make(folder: &str, log_filter: &str) -> Self {
        crate::api::install_crypto();
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let mut name = invoiceapp_parts::unique("t");
        name.truncate(NAME_LENGTH);
        let realm = Realm::make().await;
        let place = Place::of(&name);
        let mut settings = settings::of_parts(&name, &realm);
        settings.extend(place.listeners());
        settings.push(("LOG__FILTER".to_owned(), log_filter.to_owned()));
        create_database(&name).await;
        let installation = Self {
            name,
            place,
            settings,
            folder,
        };
        installation.run(&["migrate"]).await;
        installation.run(&["schemas", "register"]).await;
        installation
    }

    /// The binary, with this installation's settings and no others.
    pub(crate) fn command(&self) -> Command {
        let mut command = crate::binary::invoiceapp();
        for (key, value) in &self.settings {
            command.env(format!("INVOICEAPP_{key}"), value);
        }
        command
    }

    /// Runs a tool, whose output is JSON.
    pub(crate) async fn run(&self, arguments: &[&str]) -> serde_json::Value {
        let mut command = self.command();
        command.arg("--json").args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {message}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Starts a process; it may not be ready yet.
    pub(crate) fn start(&self, roles: &'static [&'static str]) -> RoleProcess {
        self.start_at(&self.place, roles)
    }

    /// Starts a process that listens elsewhere: a second one of its kind.
    pub(crate) fn start_at(&self, place: &Place, roles: &'static [&'static str]) -> RoleProcess {
        let mut command = self.command();
        for (key, value) in place.listeners() {
            command.env(format!("INVOICEAPP_{key}"), value);
        }
        command.arg("serve").args(roles);
        let log = format!("{}-{}.log", roles.join("-"), place.address());
        RoleProcess::spawn(&command, roles, place, self.folder.join(log))
    }

    /// Where the front door is.
    pub(crate) fn url(&self) -> String {
        self.place.url_of("bff")
    }
}

/// A database of the journal's own: its locks and signals are per database.
async fn create_database(name: &str) {
    let url = invoiceapp_parts::postgres_url();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let statement = format!("CREATE DATABASE {name}");
    sqlx::query(&statement)
        .execute(&mut connection)
        .await
        .unwrap();
}
