//! A value that is looked at now and then: only while somebody asks for it, at most once in an
//! interval however many do, and aside, so that nobody waits who can be told what the last look has
//! shown. Who asks when nobody has looked lately waits for a look.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// How often a value is looked at, at most.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How long a look may take; whoever looks sees to it.
pub(crate) const LOOK_TIME_MAX: Duration = Duration::from_secs(1);
/// How long a value is told without a new look: until the next one has ended.
pub(crate) const TOLD_FOR: Duration = LOOK_INTERVAL.saturating_add(LOOK_TIME_MAX);

/// The value as it was last seen. Clones share it.
#[derive(Debug)]
pub(crate) struct Sampled<T> {
    newest: Arc<RwLock<Option<Look<T>>>>,
    turn: Arc<Mutex<()>>,
}

#[derive(Debug, Clone)]
struct Look<T> {
    began: Instant,
    ended: Instant,
    value: T,
}

impl<T> Clone for Sampled<T> {
    fn clone(&self) -> Self {
        Self {
            newest: Arc::clone(&self.newest),
            turn: Arc::clone(&self.turn),
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Sampled<T> {
    pub(crate) fn new() -> Self {
        Self {
            newest: Arc::new(RwLock::new(None)),
            turn: Arc::new(Mutex::new(())),
        }
    }

    /// The value; `look` takes a new one, from the last one, when it is time.
    pub(crate) async fn get<F>(&self, look: impl FnOnce(Option<T>) -> F) -> T
    where
        F: Future<Output = T> + Send + 'static,
    {
        if let Some(newest) = self.newest() {
            if newest.began.elapsed() < LOOK_INTERVAL {
                return newest.value;
            }
            if newest.ended.elapsed() < TOLD_FOR {
                if let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() {
                    let (sampled, looking) = (self.clone(), look(Some(newest.value.clone())));
                    tokio::spawn(async move {
                        sampled.keep(Instant::now(), looking).await;
                        drop(turn);
                    });
                }
                return newest.value;
            }
        }
        let _turn = self.turn.lock().await;
        // Somebody may have looked while this one waited for the turn.
        match self.newest() {
            Some(newest) if newest.ended.elapsed() < LOOK_INTERVAL => newest.value,
            newest => {
                let looking = look(newest.map(|newest| newest.value));
                self.keep(Instant::now(), looking).await
            }
        }
    }

    /// Tells a value that somebody has come by without being asked to look.
    pub(crate) fn learn(&self, value: T) {
        let now = Instant::now();
        self.put(now, value);
    }

    async fn keep(&self, began: Instant, looking: impl Future<Output = T>) -> T {
        let value = looking.await;
        self.put(began, value.clone());
        value
    }

    fn put(&self, began: Instant, value: T) {
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        *newest = Some(Look {
            began,
            ended: Instant::now(),
            value,
        });
    }

    fn newest(&self) -> Option<Look<T>> {
        let newest = self.newest.read();
        newest.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
