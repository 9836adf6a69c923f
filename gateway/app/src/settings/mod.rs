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

use std::collections::HashMap;
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::Context;
use config::{Config, Environment, File, FileFormat};
use invoiceapp_bff::Origin;
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
    /// Addresses of the proxies in front, whose `X-Forwarded-For` is believed; from anybody else it is
    /// dropped. Rate limits count by the address that it gives.
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// Origins of browser applications on other hosts that may call, such as `https://app.example`.
    #[schemars(with = "Vec<String>", extend("default" = Vec::<String>::new()))]
    pub(crate) cors_allowed_origins: Vec<Origin>,
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
            trusted_proxies: Vec::new(),
            cors_allowed_origins: Vec::new(),
        }
    }
}

/// The variable that names the file.
pub(crate) const CONFIG_VARIABLE: &str = "INVOICEAPP_CONFIG";

impl HttpSettings {
    /// # Errors
    /// When an address cannot be that of a proxy.
    fn check(&self) -> anyhow::Result<()> {
        for proxy in &self.trusted_proxies {
            anyhow::ensure!(
                !proxy.is_unspecified() && !proxy.is_multicast(),
                "`http.trusted_proxies` names {proxy}, which nobody connects from: name the address \
                 of each proxy"
            );
        }
        Ok(())
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

/// The variables that are settings: the one that names the file is the command line's. What is no text
/// is no setting of ours.
fn named_settings(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> HashMap<String, String> {
    let texts = variables
        .into_iter()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
    texts.filter(|(key, _)| key != CONFIG_VARIABLE).collect()
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
            .separator("__")
            .source(Some(named_settings(std::env::vars_os())));
        let settings = builder
            .add_source(environment)
            .build()
            .and_then(Config::try_deserialize::<Self>)
            .map_err(anyhow::Error::from)
            .and_then(|settings| settings.http.check().map(|()| settings));
        settings.context("the configuration is not valid")
    }
}
