//! One time for every process that shares a store: the database server's.
//!
//! A process whose clock is ahead would take the leases of the living, and two would send the same
//! mail; one whose clock is behind would hold up what is due. So the process's clock is read together
//! with the server's now and then, and told with the difference between the two.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use invoiceapp_domain::Ambient;
use jiff::{SignedDuration, Timestamp};
use tokio::task::AbortHandle;
use tracing::{debug, warn};
use uuid::Uuid;

use super::connect::Connections;
use super::within;
use crate::columns::{instant, unavailable};
use crate::jobs::JobStoreError;

/// Pause between two readings of the server's clock.
pub const CLOCK_READ_EVERY: Duration = Duration::from_secs(30);
/// A reading whose answer took longer says too little and is not used.
const ANSWER_TIME_MAX: SignedDuration = SignedDuration::from_secs(1);
/// From this difference on somebody should look at the machine's clock, in microseconds.
const DIFFERENCE_WARN_MICROS: u64 = 2_000_000;

const READ: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

/// The database server's time, told by the process's clock and the difference between the two.
#[derive(Debug)]
pub struct DatabaseClock {
    process: Arc<dyn Ambient>,
    /// What the server is ahead of the process, in microseconds.
    ahead: Arc<AtomicI64>,
    reading: AbortHandle,
}

impl DatabaseClock {
    /// Reads the server's clock now, and again every [`CLOCK_READ_EVERY`].
    pub(super) async fn start(
        connections: Connections,
        process: Arc<dyn Ambient>,
    ) -> Result<Self, JobStoreError> {
        let first = read(&connections, process.as_ref()).await?;
        let first =
            first.ok_or_else(|| unavailable("the server's clock cannot be read in time"))?;
        let ahead = Arc::new(AtomicI64::new(first));
        let reading = {
            let (process, ahead) = (Arc::clone(&process), Arc::clone(&ahead));
            tokio::spawn(keep_reading(connections, process, ahead)).abort_handle()
        };
        Ok(Self {
            process,
            ahead,
            reading,
        })
    }
}

impl Drop for DatabaseClock {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Ambient for DatabaseClock {
    fn now(&self) -> Timestamp {
        let now = self.process.now();
        let ahead = SignedDuration::from_micros(self.ahead.load(Ordering::Relaxed));
        now.saturating_add(ahead).unwrap_or(now)
    }

    fn new_id(&self) -> Uuid {
        self.process.new_id()
    }
}

async fn keep_reading(connections: Connections, process: Arc<dyn Ambient>, ahead: Arc<AtomicI64>) {
    loop {
        tokio::time::sleep(CLOCK_READ_EVERY).await;
        match read(&connections, process.as_ref()).await {
            Ok(Some(micros)) => ahead.store(micros, Ordering::Relaxed),
            Ok(None) => {}
            Err(failure) => debug!("the server's clock cannot be read: {failure}"),
        }
    }
}

/// How far the server is ahead, in microseconds; `None` when it took too long to say.
async fn read(
    connections: &Connections,
    process: &dyn Ambient,
) -> Result<Option<i64>, JobStoreError> {
    let (asked, server, answered) = within(async {
        let mut connection = connections.lend().await?;
        let asked = process.now();
        let server: i64 = sqlx::query_scalar(READ)
            .fetch_one(&mut *connection)
            .await
            .map_err(unavailable)?;
        let answered = process.now();
        connection.give_back();
        Ok((asked, instant(server)?, answered))
    })
    .await?;
    let took = answered.duration_since(asked);
    if took < SignedDuration::ZERO || took > ANSWER_TIME_MAX {
        return Ok(None);
    }
    let middle = asked.saturating_add(took / 2).unwrap_or(asked);
    let ahead = server
        .as_microsecond()
        .saturating_sub(middle.as_microsecond());
    if ahead.unsigned_abs() > DIFFERENCE_WARN_MICROS {
        warn!(
            ahead_micros = ahead,
            "the clock of the database is not the clock of this machine"
        );
    }
    Ok(Some(ahead))
}
