//! Wakes readers in other processes, and is woken by them. A commit is announced outside its
//! statement, because NOTIFY inside would make every commit of the server take one lock; many
//! commits share an announcement. A lost one costs a poll's interval and nothing else.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::error::{EngineFailure, within};
use super::open::{CONNECT_TIMEOUT, DEADLINE, Settings};
use crate::columns::unsigned;
use crate::writer::engine::EngineError;

/// Least time between two announcements of one process.
pub const NOTIFY_INTERVAL: Duration = Duration::from_millis(5);
/// A listener that hears nothing for so long asks.
pub const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The first pause after a lost connection; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A channel per journal, however many a database holds.
const CHANNEL: &str = "SELECT 'invoiceapp_journal_' || 'head'::regclass::oid";
const POSITION: &str = "SELECT position FROM head WHERE id";
const NOTIFY: &str = "SELECT pg_notify('invoiceapp_journal_' || 'head'::regclass::oid, $1)";

/// The two tasks, which end with the journal's last handle.
#[derive(Debug)]
pub(super) struct Signals {
    closing: CancellationToken,
    _on_drop: DropGuard,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Signals {
    /// Listens into `known`, and announces what is `written` here.
    pub(super) fn start(
        settings: &Settings,
        known: watch::Sender<u64>,
        written: watch::Receiver<u64>,
    ) -> Self {
        let closing = CancellationToken::new();
        let ears = listen(settings.clone(), known);
        let listener = closing.clone().run_until_cancelled_owned(ears);
        let announcer = announce(settings.clone(), written, closing.clone());
        let tasks = vec![
            tokio::spawn(async {
                listener.await;
            }),
            tokio::spawn(announcer),
        ];
        Self {
            _on_drop: closing.clone().drop_guard(),
            closing,
            tasks: Mutex::new(tasks),
        }
    }

    /// Ends both. To be called when the writer has ended, so that its last commit is announced.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if task.await.is_err() {
                tracing::error!("a task that wakes readers ended by a panic");
            }
        }
    }
}

/// What a subscriber knows never goes back.
fn tell(known: &watch::Sender<u64>, position: u64) {
    known.send_if_modified(|known| {
        let is_news = position > *known;
        if is_news {
            *known = position;
        }
        is_news
    });
}

async fn listen(settings: Settings, known: watch::Sender<u64>) {
    let mut pause = PAUSE_MIN;
    loop {
        let was_connected = match hear(&settings, &known).await {
            Ok(Lost) => true,
            Err(failure) => {
                let error = EngineError::from(failure);
                tracing::warn!(%error, "the journal hears nothing of other processes");
                false
            }
        };
        if was_connected {
            pause = PAUSE_MIN;
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// The connection was lost after it had been good.
struct Lost;

/// Connects, and hears until the connection is lost. Whatever was announced while nobody listened is
/// asked for first.
async fn hear(settings: &Settings, known: &watch::Sender<u64>) -> Result<Lost, EngineFailure> {
    // The driver's listener wants a pool; a new one each time has no stale connection.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECT_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(settings.of_signals());
    let mut listener = within(DEADLINE, PgListener::connect_with(&pool)).await?;
    listener.eager_reconnect(false);
    let channel = sqlx::query_scalar::<_, String>(CHANNEL).fetch_one(&mut listener);
    let channel = within(DEADLINE, channel).await?;
    within(DEADLINE, listener.listen(&channel)).await?;
    loop {
        let position = sqlx::query_scalar::<_, i64>(POSITION).fetch_one(&mut listener);
        match within(DEADLINE, position).await {
            Ok(position) => tell(known, unsigned(position)),
            Err(failure) => return lost(failure),
        }
        let poll_at = Instant::now() + POLL_INTERVAL;
        while let Ok(heard) = timeout_at(poll_at, listener.try_recv()).await {
            match heard {
                Ok(Some(notification)) => {
                    if let Ok(position) = notification.payload().parse() {
                        tell(known, position);
                    }
                }
                Ok(None) => return Ok(Lost),
                Err(error) => return lost(EngineFailure::Database(error)),
            }
        }
    }
}

fn lost(failure: EngineFailure) -> Result<Lost, EngineFailure> {
    let error = EngineError::from(failure);
    tracing::info!(%error, "the connection that hears of other processes was lost");
    Ok(Lost)
}

/// Says the newest position, at most once per [`NOTIFY_INTERVAL`], until the writer has ended.
async fn announce(
    settings: Settings,
    mut written: watch::Receiver<u64>,
    closing: CancellationToken,
) {
    let mut connection: Option<PgConnection> = None;
    let mut pause = PAUSE_MIN;
    while written.changed().await.is_ok() {
        let position = *written.borrow_and_update();
        match say(&settings, &mut connection, position).await {
            Ok(()) => {
                pause = PAUSE_MIN;
                sleep(NOTIFY_INTERVAL).await;
            }
            Err(failure) => {
                let error = EngineError::from(failure);
                tracing::warn!(%error, "other processes are not told of commits");
                written.mark_changed();
                if closing.run_until_cancelled(sleep(pause)).await.is_none() {
                    return;
                }
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
    if let Some(connection) = connection {
        // Nothing is lost when this fails.
        let _ = within(DEADLINE, connection.close()).await;
    }
}

async fn say(
    settings: &Settings,
    held: &mut Option<PgConnection>,
    position: u64,
) -> Result<(), EngineFailure> {
    // Out of its place, so that a failed one is dropped.
    let mut connection = match held.take() {
        Some(connection) => connection,
        None => within(CONNECT_TIMEOUT, settings.of_signals().connect()).await?,
    };
    let statement = sqlx::query(NOTIFY).bind(position.to_string());
    within(DEADLINE, statement.execute(&mut connection)).await?;
    *held = Some(connection);
    Ok(())
}
