//! The servers that a process stands on, as its health board shows them.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;
use invoiceapp_access::{KeySource, RemoteKeys};
use invoiceapp_avro::Registry;
use invoiceapp_http::health::{Health, Need};
use invoiceapp_journal::port::Writability;
use invoiceapp_relay::BrokerProbe;
use tokio::net::TcpStream;

use super::feed::kafka;
use super::identity::realm;
use super::ports::Ports;
use super::reactors::mailer;
use super::role::Role;
use super::watch::{Failure, Watch};
use crate::settings::{Places, Settings};

/// A part: its name, whether the process is ready without it, what is said when it fails.
type Named = (&'static str, Need, &'static str);

const JOURNAL: Named = ("journal", Need::Hard, "the journal cannot be used");
const VIEWS: Named = ("views", Need::Hard, "the views cannot be read");
const BUILT_VIEWS: Named = (
    "views",
    Need::Hard,
    "the views cannot be read, or are still being built",
);
const HOT: Named = ("hot views", Need::Soft, "the hot views cannot be read");
const OBJECTS: Named = ("objects", Need::Soft, "the object store cannot be used");
const KAFKA: Named = ("kafka", Need::Soft, "the topics cannot be reached");
const REGISTRY: Named = (
    "registry",
    Need::Soft,
    "the schema registry does not answer",
);
const KEYCLOAK: Named = (
    "keycloak",
    Need::Soft,
    "the identity provider does not answer",
);
const MAIL: Named = ("mail", Need::Soft, "the mail server does not answer");

/// What every role but the front door needs, and what these roles need beside it.
///
/// # Errors
/// When a setting makes no sense.
pub(super) fn of_services(
    health: &Health,
    roles: &BTreeSet<Role>,
    (settings, ports): (&Settings, &Ports),
) -> anyhow::Result<Watch> {
    let mut watch = Watch::new(health.clone());
    stores(&mut watch, ports);
    views(&mut watch, roles, ports);
    let is_one = |wanted: &[Role]| roles.iter().any(|role| wanted.contains(role));
    let follows = |role: &Role| role.reacts() || matches!(role, Role::Relay | Role::Projector);
    if roles.iter().any(follows) {
        feed(&mut watch, settings)?;
    }
    if is_one(&[Role::Authorizer, Role::UserAccess]) {
        let keys = RemoteKeys::new(&realm(settings).keys_url());
        let keys = Arc::new(keys.context("keycloak.url is not valid")?);
        watch.server(KEYCLOAK, move || {
            let keys = Arc::clone(&keys);
            async move { Ok(keys.fetch().await.map(drop)?) }
        });
    }
    if is_one(&[Role::Mail]) {
        let mailer = mailer(settings)?;
        watch.server(MAIL, move || {
            let mailer = Arc::clone(&mailer);
            async move { Ok(mailer.check().await?) }
        });
    }
    Ok(watch)
}

fn stores(watch: &mut Watch, ports: &Ports) {
    let journal = ports.journal();
    watch.part(JOURNAL, move || {
        let journal = Arc::clone(&journal);
        async move {
            // Reading goes on when the disk is full, and commands do not.
            if matches!(*journal.writability().borrow(), Writability::Failing { .. }) {
                return Err(Failure::from("it cannot be written"));
            }
            Ok(journal.head().await.map(drop)?)
        }
    });
    let hot = Arc::clone(&ports.hot);
    watch.part(HOT, move || {
        let hot = Arc::clone(&hot);
        async move { Ok(hot.mark().await.map(drop)?) }
    });
    let objects = ports.objects();
    watch.server(OBJECTS, move || {
        let objects = Arc::clone(&objects);
        async move { Ok(objects.check().await?) }
    });
}

/// Who answers from the views needs all of them. The others must not wait for that: among them are
/// those who build them.
fn views(watch: &mut Watch, roles: &BTreeSet<Role>, ports: &Ports) {
    let store = Arc::clone(&ports.store);
    if roles.iter().any(|role| role.service().is_some()) {
        watch.part(BUILT_VIEWS, move || {
            let store = Arc::clone(&store);
            async move { Ok(store.progress().await?.built()?) }
        });
    } else {
        watch.part(VIEWS, move || {
            let store = Arc::clone(&store);
            async move { Ok(store.checkpoint().await.map(drop)?) }
        });
    }
}

fn feed(watch: &mut Watch, settings: &Settings) -> anyhow::Result<()> {
    let broker = BrokerProbe::new(&kafka(settings)).context("kafka.brokers is not valid")?;
    let broker = Arc::new(broker);
    watch.server(KAFKA, move || {
        let broker = Arc::clone(&broker);
        async move { Ok(broker.check().await?) }
    });
    let registry = Registry::new(&settings.registry.url).context("registry.url is not valid")?;
    let registry = Arc::new(registry);
    watch.server(REGISTRY, move || {
        let registry = Arc::clone(&registry);
        async move { Ok(registry.check().await?) }
    });
    Ok(())
}

/// The services behind the front door: whether somebody listens where each is looked for.
pub(super) fn of_front_door(health: &Health, find: &Places) -> Watch {
    const NOBODY: &str = "nobody listens there";
    let mut watch = Watch::new(health.clone());
    for (name, place) in [
        ("authorizer", &find.authorizer),
        ("invoice", &find.invoice),
        ("media", &find.media),
        ("pdf", &find.pdf),
        ("product", &find.product),
        ("user-access", &find.user_access),
    ] {
        let place = place.clone();
        watch.part((name, Need::Soft, NOBODY), move || {
            let place = place.clone();
            async move { Ok(TcpStream::connect(place).await.map(drop)?) }
        });
    }
    watch
}
