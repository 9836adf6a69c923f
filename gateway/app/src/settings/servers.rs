//! Where the servers of the full stack are, and who we are there. Addresses have the defaults of
//! `compose/stack up`; secrets have none.

use invoiceapp_domain::party::EmailAddress;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// PostgreSQL: the journal, the jobs and the relay's place.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PostgresSettings {
    /// `postgres://user:password@host:port/database`. Set, the tools work on the full stack.
    #[schemars(with = "Option<String>", extend("writeOnly" = true))]
    pub(crate) url: Option<SecretString>,
}

/// Kafka.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KafkaSettings {
    /// The brokers: `host:port`, several with commas.
    pub(crate) brokers: String,
    /// What the topics' names begin with.
    pub(crate) topic_prefix: String,
    /// Copies of each topic that `migrate` creates.
    pub(crate) replication: i32,
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            brokers: "127.0.0.1:9092".to_owned(),
            topic_prefix: "invoiceapp".to_owned(),
            replication: 1,
        }
    }
}

/// The schema registry.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RegistrySettings {
    /// Base address of the schema registry's Confluent API.
    pub(crate) url: String,
}

impl Default for RegistrySettings {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:8081/apis/ccompat/v7".to_owned(),
        }
    }
}

/// MongoDB.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MongodbSettings {
    /// `mongodb://host:port`, with credentials where it wants them.
    #[schemars(with = "String", extend("writeOnly" = true, "default" = "mongodb://127.0.0.1:27017"))]
    pub(crate) url: SecretString,
    /// What the databases' names begin with.
    pub(crate) database: String,
}

impl Default for MongodbSettings {
    fn default() -> Self {
        Self {
            url: SecretString::from("mongodb://127.0.0.1:27017"),
            database: "invoiceapp".to_owned(),
        }
    }
}

/// Redis.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RedisSettings {
    /// `redis://host:port`, with credentials where it wants them.
    #[schemars(with = "String", extend("writeOnly" = true, "default" = "redis://127.0.0.1:6379"))]
    pub(crate) url: SecretString,
    /// What every key begins with.
    pub(crate) key_prefix: String,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self {
            url: SecretString::from("redis://127.0.0.1:6379"),
            key_prefix: "invoiceapp".to_owned(),
        }
    }
}

/// An S3 server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct S3Settings {
    /// Base address of the S3 server.
    pub(crate) endpoint: String,
    /// The region that requests are signed for.
    pub(crate) region: String,
    /// A bucket with object lock.
    pub(crate) bucket: String,
    /// Id of the key that requests are signed with.
    pub(crate) access_key_id: String,
    /// The key itself.
    #[schemars(with = "String", extend("writeOnly" = true))]
    pub(crate) secret_access_key: SecretString,
}

impl Default for S3Settings {
    fn default() -> Self {
        Self {
            endpoint: "http://127.0.0.1:8333".to_owned(),
            region: "us-east-1".to_owned(),
            bucket: "invoiceapp".to_owned(),
            access_key_id: "invoiceapp".to_owned(),
            secret_access_key: SecretString::default(),
        }
    }
}

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SmtpTls {
    /// Plain text; for this machine's own server.
    None,
    /// Plain text that must turn into TLS before anything is said.
    Starttls,
    /// TLS from the first byte.
    Tls,
}

/// The mail server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SmtpSettings {
    /// Name of the mail server.
    pub(crate) host: String,
    /// Port of the mail server.
    pub(crate) port: u16,
    /// How the mail server is spoken to.
    pub(crate) tls: SmtpTls,
    /// Lets mails go unprotected to another machine.
    pub(crate) plaintext_allowed: bool,
    /// Whom the mails are from, where the server takes them from nobody else: answers go to the seller.
    /// Each seller's own address when not set.
    #[schemars(with = "Option<String>")]
    pub(crate) from: Option<EmailAddress>,
    /// Who we are at the mail server, where it asks.
    pub(crate) username: Option<String>,
    /// The password of that user.
    #[schemars(with = "Option<String>", extend("writeOnly" = true))]
    pub(crate) password: Option<SecretString>,
}

impl Default for SmtpSettings {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 1025,
            tls: SmtpTls::None,
            plaintext_allowed: false,
            from: None,
            username: None,
            password: None,
        }
    }
}

/// Keycloak.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KeycloakSettings {
    /// Base address of Keycloak.
    pub(crate) url: String,
    /// `iss` of its tokens, where it presents itself under another address than ours.
    pub(crate) issuer: Option<String>,
    /// The realm that our users are in.
    pub(crate) realm: String,
    /// The client that people log in with.
    pub(crate) client_id: String,
    /// How the authorizer proves that it is that client.
    #[schemars(with = "String", extend("writeOnly" = true))]
    pub(crate) client_secret: SecretString,
    /// The service account that keeps users and roles and ends sessions.
    pub(crate) service_client_id: String,
    /// The secret of that service account.
    #[schemars(with = "String", extend("writeOnly" = true))]
    pub(crate) service_client_secret: SecretString,
    /// Whom the tokens are for.
    pub(crate) audience: String,
}

impl Default for KeycloakSettings {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:8180".to_owned(),
            issuer: None,
            realm: "invoiceapp".to_owned(),
            client_id: "invoiceapp".to_owned(),
            client_secret: SecretString::default(),
            service_client_id: "invoiceapp-admin".to_owned(),
            service_client_secret: SecretString::default(),
            audience: "invoiceapp-api".to_owned(),
        }
    }
}
