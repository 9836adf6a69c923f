//! A staging place and a provider in memory.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use async_trait::async_trait;
use invoiceapp_domain::ids::UserId;
use invoiceapp_schemas::{CommandId, CommandStamp};
use invoiceapp_service::user_access::{
    CredentialStore, HashedPassword, Password, PasswordError, StagedCredential, Turn,
};
use tokio::sync::oneshot;

/// What is staged, with the number of requests that staged it.
type Staged = Vec<(StagedCredential, usize)>;

#[derive(Debug, Default)]
pub(crate) struct Memory {
    staged: Mutex<Staged>,
    taken: Mutex<Vec<(UserId, String)>>,
    pub(crate) provider_is_down: AtomicBool,
    /// Requests that are under way beside each one that stages a hash first, and stage the same.
    pub(crate) twins: AtomicUsize,
    turns: AtomicI64,
    taken_turns: Mutex<HashMap<UserId, Turn>>,
    pause: Mutex<Option<Pause>>,
}

/// Where a request waits: it says that it is there, and goes on when it is told to.
#[derive(Debug)]
struct Pause {
    is_there: oneshot::Sender<()>,
    go_on: oneshot::Receiver<()>,
}

impl Memory {
    /// What the provider took, in order.
    pub(crate) fn taken(&self) -> Vec<(UserId, String)> {
        self.taken.lock().unwrap().clone()
    }

    pub(crate) fn staged_count(&self) -> usize {
        self.staged.lock().unwrap().len()
    }

    /// Has the next request that draws a turn wait before it does: what tells that it is there, and
    /// what lets it go on.
    pub(crate) fn pause_before_a_turn(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let (is_there, arrival) = oneshot::channel();
        let (release, go_on) = oneshot::channel();
        *self.pause.lock().unwrap() = Some(Pause { is_there, go_on });
        (arrival, release)
    }

    fn change(&self, stamp: CommandStamp, claims: impl Fn(usize) -> usize) {
        let mut staged = self.staged.lock().unwrap();
        for (_, count) in staged.iter_mut().filter(|(it, _)| it.stamp == stamp) {
            *count = claims(*count);
        }
        staged.retain(|(_, count)| *count > 0);
    }
}

/// The order of pages.
fn place(staged: &StagedCredential) -> impl Ord + use<> {
    let stamp = staged.stamp;
    (staged.turn, stamp.id.0, stamp.fingerprint)
}

#[async_trait]
impl CredentialStore for Memory {
    async fn hash(&self, password: Password, salt: &[u8]) -> Result<HashedPassword, PasswordError> {
        let hash = format!("{} with {salt:?}", password.expose());
        Ok(HashedPassword(hash))
    }

    async fn draw_turn(&self) -> Result<Turn, PasswordError> {
        let pause = self.pause.lock().unwrap().take();
        if let Some(pause) = pause {
            pause.is_there.send(()).unwrap();
            pause.go_on.await.unwrap();
        }
        Ok(Turn(1 + self.turns.fetch_add(1, Ordering::SeqCst)))
    }

    async fn stage(&self, staged: &StagedCredential) -> Result<(), PasswordError> {
        let mut all = self.staged.lock().unwrap();
        match all.iter_mut().find(|(it, _)| it.stamp == staged.stamp) {
            Some((it, count)) => {
                it.staged_at = staged.staged_at;
                it.turn = it.turn.max(staged.turn);
                *count += 1;
            }
            None => all.push((staged.clone(), 1 + self.twins.load(Ordering::SeqCst))),
        }
        all.sort_by_key(|(it, _)| place(it));
        Ok(())
    }

    async fn staged_by(&self, command: CommandId) -> Result<Vec<StagedCredential>, PasswordError> {
        let mut staged = self.staged(None, u32::MAX).await?;
        staged.retain(|it| it.stamp.id == command);
        Ok(staged)
    }

    async fn staged(
        &self,
        after: Option<&StagedCredential>,
        limit: u32,
    ) -> Result<Vec<StagedCredential>, PasswordError> {
        let staged = self.staged.lock().unwrap();
        let all = staged.iter().map(|(it, _)| it.clone());
        let rest = all.filter(|it| after.is_none_or(|after| place(it) > place(after)));
        Ok(rest.take(usize::try_from(limit).unwrap()).collect())
    }

    async fn hand_over(
        &self,
        user: UserId,
        staged: &StagedCredential,
    ) -> Result<bool, PasswordError> {
        let waiting = self.staged_by(staged.stamp.id).await?;
        let Some(staged) = waiting.into_iter().find(|it| it.stamp == staged.stamp) else {
            return Ok(false);
        };
        let is_its_turn = {
            let mut turns = self.taken_turns.lock().unwrap();
            let taken = turns.entry(user).or_insert(staged.turn);
            *taken = staged.turn.max(*taken);
            *taken == staged.turn
        };
        if is_its_turn {
            if self.provider_is_down.load(Ordering::SeqCst) {
                return Err(PasswordError::Unavailable("down".into()));
            }
            let taken = (user, staged.hash.0.clone());
            self.taken.lock().unwrap().push(taken);
        }
        let mut all = self.staged.lock().unwrap();
        all.retain(|(it, _)| it.stamp.id != staged.stamp.id);
        Ok(is_its_turn)
    }

    async fn withdraw(&self, stamp: CommandStamp) -> Result<(), PasswordError> {
        self.change(stamp, |claims| claims - 1);
        Ok(())
    }

    async fn discard(&self, stamp: CommandStamp) -> Result<(), PasswordError> {
        self.change(stamp, |_| 0);
        Ok(())
    }
}
