//! The settings of an installation: which servers, under which names, and where it listens itself.

use std::net::Ipv4Addr;

use invoiceapp_parts as parts;
use invoiceapp_parts::keycloak::Realm;

/// The roles, and the ports that they listen on.
const PORTS: [(&str, u16); 10] = [
    ("invoice", 3001),
    ("product", 3002),
    ("user-access", 3003),
    ("authorizer", 3004),
    ("pdf", 3005),
    ("media", 3006),
    ("mail", 3007),
    ("relay", 3008),
    ("projector", 3009),
    ("bff", 3300),
];
const MANAGEMENT_PORT: u16 = 3390;
/// The roles that the front door calls.
const FOUND: [&str; 6] = [
    "invoice",
    "product",
    "user-access",
    "authorizer",
    "pdf",
    "media",
];

/// A loopback address of an installation's own: its ports are nobody else's, so that a process that
/// was killed finds them free when it comes back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(Ipv4Addr);

impl Place {
    /// The address that belongs to a name.
    pub(crate) fn of(name: &str) -> Self {
        let sum = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let [.., a, b, c] = sum.to_be_bytes();
        Self(Ipv4Addr::new(127, a, b, c.clamp(1, 254)))
    }

    pub(crate) const fn address(&self) -> Ipv4Addr {
        self.0
    }

    /// Base address of a role.
    pub(crate) fn url_of(&self, role: &str) -> String {
        let port = PORTS.iter().find(|(name, _)| *name == role).unwrap().1;
        format!("http://{}:{port}", self.0)
    }

    /// Where a front door says how it is, as `host:port`.
    pub(crate) fn management(&self) -> String {
        format!("{}:{MANAGEMENT_PORT}", self.0)
    }

    /// Where the roles listen here.
    pub(crate) fn listeners(&self) -> Vec<(String, String)> {
        let mut settings: Vec<_> = PORTS
            .iter()
            .map(|(role, port)| {
                let key = if *role == "bff" {
                    "HTTP__LISTEN".to_owned()
                } else {
                    format!("SERVICES__LISTEN__{}", upper(role))
                };
                (key, format!("{}:{port}", self.0))
            })
            .collect();
        settings.push(("HTTP__MANAGEMENT_LISTEN".to_owned(), self.management()));
        settings.extend(FOUND.map(|role| {
            let url = self.url_of(role);
            let address = url.trim_start_matches("http://").to_owned();
            (format!("SERVICES__FIND__{}", upper(role)), address)
        }));
        settings
    }
}

fn upper(role: &str) -> String {
    role.replace('-', "_").to_uppercase()
}

/// Which servers, and under which names there.
pub(super) fn of_parts(name: &str, realm: &Realm) -> Vec<(String, String)> {
    let postgres = parts::postgres_url();
    let (postgres, _) = postgres.rsplit_once('/').unwrap();
    let s3 = parts::s3();
    let smtp = parts::smtp_url();
    let (smtp_host, smtp_port) = smtp.trim_start_matches("smtp://").rsplit_once(':').unwrap();
    [
        ("POSTGRES__URL", format!("{postgres}/{name}")),
        ("KAFKA__BROKERS", parts::kafka_brokers()),
        ("KAFKA__TOPIC_PREFIX", name.to_owned()),
        ("REGISTRY__URL", parts::registry_url()),
        ("MONGODB__URL", parts::mongodb_url()),
        ("MONGODB__DATABASE", name.to_owned()),
        ("REDIS__URL", parts::redis_url()),
        ("REDIS__KEY_PREFIX", name.to_owned()),
        ("S3__ENDPOINT", s3.endpoint),
        ("S3__BUCKET", s3.bucket),
        ("S3__ACCESS_KEY_ID", s3.access_key_id),
        ("S3__SECRET_ACCESS_KEY", s3.secret_access_key),
        ("SMTP__HOST", smtp_host.to_owned()),
        ("SMTP__PORT", smtp_port.to_owned()),
        ("KEYCLOAK__URL", realm.url.clone()),
        ("KEYCLOAK__REALM", realm.name.clone()),
        ("KEYCLOAK__CLIENT_SECRET", realm.login_secret.to_owned()),
        (
            "KEYCLOAK__SERVICE_CLIENT_SECRET",
            realm.service_secret.to_owned(),
        ),
        ("LOG__FORMAT", "json".to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .to_vec()
}
