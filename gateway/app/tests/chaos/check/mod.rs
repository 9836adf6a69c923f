//! What has to hold once every part is there again, without anyone's help.

mod deliveries;
mod documents;
mod numbers;
mod topics;

use std::sync::Arc;
use std::time::{Duration, Instant};

use invoiceapp_journal::conformance::SteppingAmbient;
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::postgres::{PostgresJournal, PostgresOptions};
use invoiceapp_schemas::RecordedEvent;

pub(crate) use deliveries::Repeats;

use crate::api::Client;
use crate::door::Door;
use crate::full::Installation;
use crate::load::{Load, Sent};

/// How long the system may take until everything has caught up.
const SETTLE_MAX: Duration = Duration::from_secs(150);
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
const PAGE_EVENTS: usize = 1_000;

/// A tenant, and all that was sent for it.
pub(crate) struct Expected<'a> {
    installation: &'a Installation,
    tenant: String,
    client: Client,
    sent: Vec<Sent>,
}

impl<'a> Expected<'a> {
    /// Lets the writers finish.
    pub(crate) async fn of(installation: &'a Installation, door: &Door, load: Load) -> Self {
        let sent = load.finish().await;
        assert!(!sent.is_empty(), "nothing was sent");
        Self {
            installation,
            tenant: door.tenant.clone(),
            client: Client::admin(door).await,
            sent,
        }
    }

    /// Waits until everything has caught up, and checks that it agrees.
    pub(crate) async fn holds(&self, repeats: Repeats) {
        self.every_delivery_has_its_mail(repeats).await;
        self.every_invoice_has_its_document().await;
        self.numbers_are_dense().await;
        let journal = journal(self.installation).await;
        topics::equal(self.installation, &journal).await;
        documents::equal(self.installation, &journal).await;
    }
}

/// A setting of the installation.
fn setting<'a>(installation: &'a Installation, key: &str) -> &'a str {
    let found = installation.settings.iter().find(|(known, _)| known == key);
    &found.unwrap().1
}

/// The journal of an installation, to read.
pub(crate) async fn journal(installation: &Installation) -> Arc<dyn Journal> {
    let url = setting(installation, "POSTGRES__URL").to_owned();
    let options = PostgresOptions::new(url.into());
    let journal = PostgresJournal::open(options, SteppingAmbient::new(1)).await;
    Arc::new(journal.unwrap())
}

/// The whole journal, which is dense.
async fn events(journal: &Arc<dyn Journal>) -> Vec<RecordedEvent> {
    let mut events: Vec<RecordedEvent> = Vec::new();
    loop {
        let after = events.last().map_or(0, |event| event.position);
        let page = journal.read_all(after, PAGE_EVENTS).await.unwrap();
        if page.is_empty() {
            break;
        }
        events.extend(page);
    }
    assert!(
        events
            .iter()
            .map(|event| event.position)
            .eq(1..=events.len() as u64)
    );
    events
}

/// Looks again until it says that nothing is missing.
async fn until_nothing_is_missing(what: &str, look: impl AsyncFn() -> Option<String>) {
    let begun = Instant::now();
    while let Some(missing) = look().await {
        assert!(begun.elapsed() < SETTLE_MAX, "{what}: still {missing}");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}
