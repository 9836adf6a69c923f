//! News between processes: who plans, wakes or retries says so, and who has nothing to do listens.
//! News can be lost, and then cost a few seconds: a worker never waits longer without looking.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tracing::debug;

use crate::columns::unavailable;
use crate::jobs::JobStoreError;

/// The channel; what is said on it is a reactor's name. Stores in other schemas of the database share
/// it and wake each other for nothing.
const CHANNEL: &str = "invoiceapp_jobs";
/// Pause before the server is asked again to be listened to.
const LISTEN_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// Longest wait for the connection that listens.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// Tells every process that listens, this one too.
pub(super) async fn notify(
    connection: &mut PgConnection,
    reactor: &str,
) -> Result<(), JobStoreError> {
    sqlx::query("SELECT pg_notify($1, $2)")
        .bind(CHANNEL)
        .bind(reactor)
        .execute(connection)
        .await
        .map_err(unavailable)?;
    Ok(())
}

type Reactors = Mutex<HashMap<String, watch::Sender<u64>>>;

/// What was heard, per reactor. Listens until it is dropped.
pub(super) struct Wakes {
    reactors: Arc<Reactors>,
    listening: AbortHandle,
}

impl Wakes {
    /// Begins to listen, on a connection of its own, and again after every outage.
    pub(super) fn listen(options: PgConnectOptions) -> Self {
        let reactors: Arc<Reactors> = Arc::default();
        // A pool of one, because a listener brings its connection back by itself.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(CONNECT_TIME_MAX)
            .connect_lazy_with(options);
        let listening = tokio::spawn(listen_on(pool, Arc::clone(&reactors))).abort_handle();
        Self {
            reactors,
            listening,
        }
    }

    /// Changes at once, because nobody knows what was said before, and then with everything that is heard
    /// about a reactor.
    pub(super) fn subscribe(&self, reactor: &str) -> watch::Receiver<u64> {
        let mut reactors = self.reactors.lock().unwrap_or_else(PoisonError::into_inner);
        let mut news = reactors.entry(reactor.to_owned()).or_default().subscribe();
        news.mark_changed();
        news
    }

    pub(super) fn stop(&self) {
        self.listening.abort();
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn listen_on(pool: PgPool, reactors: Arc<Reactors>) {
    loop {
        if let Err(failure) = listen_once(&pool, &reactors).await {
            debug!("other processes are not heard: {failure}");
        }
        tokio::time::sleep(LISTEN_AGAIN_AFTER).await;
    }
}

/// Listens until the connection cannot be had or kept.
async fn listen_once(pool: &PgPool, reactors: &Reactors) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // Nobody knows what was said before the connection was there, or while it was not.
        heard(reactors, None);
        while let Some(notification) = listener.try_recv().await? {
            heard(reactors, Some(notification.payload()));
        }
    }
}

fn heard(reactors: &Reactors, about: Option<&str>) {
    let reactors = reactors.lock().unwrap_or_else(PoisonError::into_inner);
    for (reactor, changes) in &*reactors {
        if about.is_none_or(|about| about == reactor) {
            changes.send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}
