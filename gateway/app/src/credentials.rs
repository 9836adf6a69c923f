//! The user access service's credentials, whoever the identity provider is: hashed by our rules,
//! staged in a durable place, taken by the provider.

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_authorizer::passwords::HashError;
use invoiceapp_authorizer::staging;
use invoiceapp_authorizer::{
    CredentialStaging, PasswordHash, PasswordHasher, Salt, StagedCredential, check_password,
};
use invoiceapp_domain::Ambient;
use invoiceapp_domain::ids::UserId;
use invoiceapp_schemas::{CommandId, CommandStamp};
use invoiceapp_service::user_access::{
    self, CredentialStore, HashedPassword, Password, PasswordError, Turn,
};
use secrecy::SecretString;
use tracing::Instrument;

pub(crate) use invoiceapp_authorizer::staging::{CredentialTaker, NotTaken};

/// Credentials on their way from commands to a provider.
#[derive(Debug)]
pub(crate) struct Credentials<S, T> {
    hasher: PasswordHasher,
    staging: Arc<S>,
    taker: Arc<T>,
    ambient: Arc<dyn Ambient>,
}

impl<S: CredentialStaging, T: CredentialTaker> Credentials<S, T> {
    pub(crate) fn over(staging: S, taker: T, ambient: Arc<dyn Ambient>) -> Self {
        Self {
            hasher: PasswordHasher::default(),
            staging: Arc::new(staging),
            taker: Arc::new(taker),
            ambient,
        }
    }
}

#[async_trait]
impl<S: CredentialStaging, T: CredentialTaker> CredentialStore for Credentials<S, T> {
    async fn hash(
        &self,
        password: Password,
        salt_source: &[u8],
    ) -> Result<HashedPassword, PasswordError> {
        let password = SecretString::from(password.expose().to_owned());
        check_password(&password).map_err(|error| PasswordError::Refused(error.to_string()))?;
        let salt = Salt::derived_from(salt_source);
        let hash = self
            .hasher
            .hash_password(password, salt)
            .await
            .map_err(|error: HashError| PasswordError::Unavailable(Box::new(error)))?;
        Ok(HashedPassword(hash.expose().to_owned()))
    }

    async fn draw_turn(&self) -> Result<Turn, PasswordError> {
        let turn = self.staging.draw_turn().await;
        turn.map(Turn).map_err(unavailable)
    }

    async fn stage(&self, staged: &user_access::StagedCredential) -> Result<(), PasswordError> {
        let staged = of_staging(staged);
        self.staging.stage(&staged).await.map_err(unavailable)
    }

    async fn staged_by(
        &self,
        command: CommandId,
    ) -> Result<Vec<user_access::StagedCredential>, PasswordError> {
        let staged = self.staging.staged_by(command.0).await;
        Ok(of_service(staged.map_err(unavailable)?))
    }

    async fn staged(
        &self,
        after: Option<&user_access::StagedCredential>,
        limit: u32,
    ) -> Result<Vec<user_access::StagedCredential>, PasswordError> {
        if after.is_none() {
            // Those taken so long ago that no request of then can still be under way.
            let long_ago = self.ambient.now() - user_access::STAGED_TIME_MAX;
            self.staging.forget(long_ago).await.map_err(unavailable)?;
        }
        let after = after.map(of_staging);
        let staged = self.staging.staged(after.as_ref(), limit).await;
        Ok(of_service(staged.map_err(unavailable)?))
    }

    /// In a task of its own: a caller that waits no longer must not end the user's lock while the
    /// provider may still take the hash.
    async fn hand_over(
        &self,
        user: UserId,
        staged: &user_access::StagedCredential,
    ) -> Result<bool, PasswordError> {
        let (staging, taker) = (Arc::clone(&self.staging), Arc::clone(&self.taker));
        let (staged, now) = (of_staging(staged), self.ambient.now());
        let work = async move {
            staging::hand_over(staging.as_ref(), taker.as_ref(), user, &staged, now).await
        };
        let ended = tokio::spawn(work.in_current_span()).await;
        ended.map_err(unavailable)?.map_err(unavailable)
    }

    async fn withdraw(&self, stamp: CommandStamp) -> Result<(), PasswordError> {
        let withdrawn = self.staging.withdraw(stamp.id.0, &stamp.fingerprint).await;
        withdrawn.map_err(unavailable)
    }

    async fn discard(&self, stamp: CommandStamp) -> Result<(), PasswordError> {
        let discarded = self.staging.discard(stamp.id.0, &stamp.fingerprint).await;
        discarded.map_err(unavailable)
    }
}

fn of_staging(staged: &user_access::StagedCredential) -> StagedCredential {
    StagedCredential {
        command: staged.stamp.id.0,
        fingerprint: staged.stamp.fingerprint,
        tenant: staged.tenant.clone(),
        hash: PasswordHash::from_stored(staged.hash.0.clone()),
        staged_at: staged.staged_at,
        turn: staged.turn.0,
    }
}

fn of_service(staged: Vec<StagedCredential>) -> Vec<user_access::StagedCredential> {
    let one = |staged: StagedCredential| user_access::StagedCredential {
        stamp: CommandStamp {
            id: CommandId(staged.command),
            fingerprint: staged.fingerprint,
        },
        tenant: staged.tenant,
        hash: HashedPassword(staged.hash.expose().to_owned()),
        staged_at: staged.staged_at,
        turn: Turn(staged.turn),
    };
    staged.into_iter().map(one).collect()
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> PasswordError {
    PasswordError::Unavailable(Box::new(error))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use invoiceapp_authorizer::IdentityStore;
    use invoiceapp_domain::TenantId;
    use jiff::Timestamp;
    use tokio::sync::Notify;
    use uuid::Uuid;

    use super::*;
    use crate::ambient::MachineAmbient;

    /// Its first call takes until it is told to end.
    #[derive(Debug, Clone, Default)]
    struct SlowTaker(Arc<Calls>);

    #[derive(Debug, Default)]
    struct Calls {
        is_asked: Notify,
        end: Notify,
        taken: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl CredentialTaker for SlowTaker {
        async fn take(&self, _: &TenantId, _: UserId, hash: &PasswordHash) -> Result<(), NotTaken> {
            if hash.expose() == "older" {
                self.0.is_asked.notify_one();
                self.0.end.notified().await;
            }
            self.0.taken.lock().unwrap().push(hash.expose().to_owned());
            Ok(())
        }
    }

    async fn stage(credentials: &dyn CredentialStore, hash: &str) -> user_access::StagedCredential {
        let staged = user_access::StagedCredential {
            stamp: CommandStamp {
                id: CommandId(Uuid::new_v5(&Uuid::NAMESPACE_OID, hash.as_bytes())),
                fingerprint: [1; 32],
            },
            tenant: TenantId::parse("default").unwrap(),
            hash: HashedPassword(hash.to_owned()),
            staged_at: Timestamp::UNIX_EPOCH,
            turn: credentials.draw_turn().await.unwrap(),
        };
        credentials.stage(&staged).await.unwrap();
        staged
    }

    #[tokio::test]
    async fn a_caller_that_waits_no_longer_does_not_let_the_next_password_in_between() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.db");
        let store = IdentityStore::open(&path).await.unwrap();
        let taker = SlowTaker::default();
        let calls = Arc::clone(&taker.0);
        let credentials = Credentials::over(store, taker, Arc::new(MachineAmbient));
        let user = UserId(Uuid::nil());
        let older = stage(&credentials, "older").await;
        let newer = stage(&credentials, "newer").await;
        tokio::select! {
            _ = credentials.hand_over(user, &older) => panic!("the provider did not answer"),
            () = calls.is_asked.notified() => {}
        }
        let (is_taken, ()) = tokio::join!(credentials.hand_over(user, &newer), async {
            calls.end.notify_one();
        });
        assert!(is_taken.unwrap());
        assert_eq!(*calls.taken.lock().unwrap(), ["older", "newer"]);
        assert!(credentials.staged(None, 10).await.unwrap().is_empty());
    }
}
