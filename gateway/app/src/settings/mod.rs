//! Settings: a TOML file, then `INVOICEAPP_SECTION__KEY`, then command-line flags. Unknown keys are
//! refused, because a misspelt limit is a limit that is not there.

mod servers;
mod services;
mod telemetry;

pub(crate) use servers::{
    KafkaSettings, KeycloakSettings, MongodbSettings, PostgresSettings, RedisSettings,
    RegistrySettings, S3Settings, SmtpSettings, SmtpTls,
};
pub(crate) use services::{Places, ServicesSettings};
pub(crate) use telemetry::TelemetrySettings;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::Context;
use config::{Config, Environment, File, FileFormat};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Everything that can be set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// E-mail address of the first administrator.
    pub(crate) admin_email: String,
    /// Password of the first administrator; made up and kept in the data directory when not set.
    #[schemars(with = "Option<String>", extend("writeOnly" = true))]
    pub(crate) admin_password: Option<SecretString>,
    /// Where the embedded mode keeps everything.
    pub(crate) data_dir: PathBuf,
    /// The front door.
    pub(crate) http: HttpSettings,
    /// Requests per second.
    pub(crate) rate_limit: RateLimitSettings,
    /// What is logged, and how.
    pub(crate) log: LogSettings,
    /// What is sent to the receivers of traces, logs and metrics.
    pub(crate) telemetry: TelemetrySettings,
    /// Where each service of the full stack listens and is found.
    pub(crate) services: ServicesSettings,
    /// The journal, the jobs and the relay's place of the full stack.
    pub(crate) postgres: PostgresSettings,
    /// The feed of the full stack.
    pub(crate) kafka: KafkaSettings,
    /// The schemas of what is on the feed.
    pub(crate) registry: RegistrySettings,
    /// The documents of the full stack.
    pub(crate) mongodb: MongodbSettings,
    /// Permission sets, dashboard and hot documents of the full stack.
    pub(crate) redis: RedisSettings,
    /// The objects of the full stack.
    pub(crate) s3: S3Settings,
    /// The mail of the full stack.
    pub(crate) smtp: SmtpSettings,
    /// The identity of the full stack.
    pub(crate) keycloak: KeycloakSettings,
}

/// The front door's listeners.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HttpSettings {
    /// REST API.
    pub(crate) listen: SocketAddr,
    /// `/metrics`; never the public address.
    pub(crate) management_listen: SocketAddr,
}

/// Token-bucket limits of the front door.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RateLimitSettings {
    /// Sustained requests per second of a user, and of a tenant.
    pub(crate) per_second: NonZeroU32,
    /// Requests at once.
    pub(crate) burst: NonZeroU32,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The log.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSettings {
    /// Form of a line.
    pub(crate) format: LogFormat,
    /// A tracing filter: `info`, `warn,invoiceapp_journal=debug`.
    pub(crate) filter: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            admin_email: "admin@example.com".to_owned(),
            admin_password: None,
            data_dir: PathBuf::from("invoiceapp-data"),
            http: HttpSettings::default(),
            rate_limit: RateLimitSettings::default(),
            log: LogSettings::default(),
            telemetry: TelemetrySettings::default(),
            services: ServicesSettings::default(),
            postgres: PostgresSettings::default(),
            kafka: KafkaSettings::default(),
            registry: RegistrySettings::default(),
            mongodb: MongodbSettings::default(),
            redis: RedisSettings::default(),
            s3: S3Settings::default(),
            smtp: SmtpSettings::default(),
            keycloak: KeycloakSettings::default(),
        }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3300)),
            management_listen: SocketAddr::from(([127, 0, 0, 1], 3390)),
        }
    }
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        const PER_SECOND: NonZeroU32 = NonZeroU32::new(50).unwrap();
        const BURST: NonZeroU32 = NonZeroU32::new(200).unwrap();
        Self {
            per_second: PER_SECOND,
            burst: BURST,
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            // Every start would note that the tables are there already.
            filter: "info,sqlx::postgres::notice=warn".to_owned(),
        }
    }
}

impl Settings {
    /// Reads the file, if one is named, and the environment over it.
    ///
    /// # Errors
    /// When the file cannot be read, or a key is unknown or has a wrong value.
    pub(crate) fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut builder = Config::builder();
        if let Some(path) = file {
            builder = builder.add_source(File::from(path).format(FileFormat::Toml));
        }
        let environment = Environment::with_prefix("INVOICEAPP")
            .prefix_separator("_")
            .separator("__");
        builder
            .add_source(environment)
            .build()
            .and_then(Config::try_deserialize)
            .context("the configuration is not valid")
    }
}
