//! The authorizer's look at the users: the user view finds them, and while it cannot be relied on, the
//! journal says what has become of them since. Who was registered since is found when the views
//! follow again.

use async_trait::async_trait;
use invoiceapp_authorizer::directory::LOGIN_CANDIDATES_MAX;
use invoiceapp_authorizer::{
    DirectoryUnavailable, LoginCandidate, UserDirectory, UserProfile, WaitError,
};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::user::{User, UserStatus};
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_projections::views::user::EMAIL;
use invoiceapp_projections::{Document, ViewError, Views};

/// Users by the user view.
#[derive(Debug, Clone)]
pub(crate) struct ViewDirectory(pub(crate) Views);

#[async_trait]
impl UserDirectory for ViewDirectory {
    async fn by_email(
        &self,
        normalised_email: &str,
        tenant: Option<&TenantId>,
    ) -> Result<Vec<LoginCandidate>, DirectoryUnavailable> {
        // One more than count: with that many accounts of one address, a tenant has to be named,
        // and then the tenant's one is looked for among all.
        let limit = u32::try_from(LOGIN_CANDIDATES_MAX).unwrap_or(u32::MAX);
        let limit = if tenant.is_some() {
            SAME_ADDRESS_MAX
        } else {
            limit
        };
        let email = normalised_email.into();
        let found = self
            .0
            .store()
            .across_tenants(StreamKind::User, EMAIL, &email, limit)
            .await;
        let mut found = found.map_err(unavailable)?;
        found.retain(|document| tenant.is_none_or(|tenant| document.stream.tenant == *tenant));
        let mut candidates = Vec::new();
        for document in found.iter().take(LOGIN_CANDIDATES_MAX) {
            candidates.extend(self.candidate(document, normalised_email).await?);
        }
        Ok(candidates)
    }

    async fn user(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<UserProfile>, DirectoryUnavailable> {
        let stream = StreamId::new(tenant.clone(), StreamKind::User, user);
        let loaded = self.0.present::<User>(&stream).await;
        let loaded = loaded.map_err(unavailable)?;
        Ok(loaded
            .as_ref()
            .and_then(|loaded| loaded.state.record())
            .map(|record| UserProfile {
                email: record.email.to_string(),
                first_name: record.first_name.to_string(),
                last_name: record.last_name.to_string(),
            }))
    }

    async fn wait_for(&self, position: u64) -> Result<(), WaitError> {
        let reached = self.0.wait_for(position).await;
        reached.map_err(|error| match error {
            ViewError::Behind { .. } => WaitError::Behind,
            error => WaitError::Unavailable(unavailable(error)),
        })
    }
}

/// Most tenants in which one address is looked for.
const SAME_ADDRESS_MAX: u32 = 10_000;

impl ViewDirectory {
    /// The account of a document; nothing when its user has another address by now.
    async fn candidate(
        &self,
        document: &Document,
        normalised_email: &str,
    ) -> Result<Option<LoginCandidate>, DirectoryUnavailable> {
        let stream = &document.stream;
        let user = stream.key.parse();
        let user = user.map_err(|error| DirectoryUnavailable(Box::new(error)))?;
        let present = if self.0.standing().await.holds(stream) {
            document.loaded::<User>().map(Some)
        } else {
            self.0.present::<User>(stream).await
        };
        let present = present.map_err(unavailable)?;
        let record = present.as_ref().and_then(|user| user.state.record());
        Ok(record
            .filter(|record| record.email.normalised() == normalised_email)
            .map(|record| LoginCandidate {
                tenant: stream.tenant.clone(),
                user,
                enabled: record.status == UserStatus::Active,
            }))
    }
}

fn unavailable(error: ViewError) -> DirectoryUnavailable {
    DirectoryUnavailable(Box::new(error))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use invoiceapp_authorizer::{LoginCandidate, UserDirectory};
    use invoiceapp_domain::ids::UserId;
    use invoiceapp_domain::party::EmailAddress;
    use invoiceapp_domain::text::Name;
    use invoiceapp_domain::user::{ProfileChange, Registration, User, UserCommand};
    use invoiceapp_domain::{Actor, Ambient, Context, StreamId, StreamKind, TenantId};
    use invoiceapp_journal::execute::{CommandExecutor, Execution};
    use invoiceapp_journal::port::Journal;
    use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
    use invoiceapp_projections::projector::Projector;
    use invoiceapp_projections::sqlite::SqliteViewStore;
    use invoiceapp_projections::{ViewStore, Views};
    use invoiceapp_schemas::{CommandId, CommandStamp};
    use tempfile::TempDir;

    use super::ViewDirectory;
    use crate::ambient::MachineAmbient;

    const EMAIL: &str = "ada@example.com";
    /// Longer than anything here takes.
    const LONG: Duration = Duration::from_secs(20);

    /// A user whom the views know, and a projector that does nothing by itself.
    struct World {
        ambient: Arc<dyn Ambient>,
        executor: CommandExecutor,
        projector: Projector,
        directory: ViewDirectory,
        user: UserId,
        _folder: TempDir,
    }

    fn tenant() -> TenantId {
        TenantId::parse("default").unwrap()
    }

    impl World {
        async fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let ambient: Arc<dyn Ambient> = Arc::new(MachineAmbient);
            let options = SqliteOptions::new(folder.path().join("journal.db"));
            let journal = SqliteJournal::open(options, Arc::clone(&ambient)).await;
            let journal: Arc<dyn Journal> = Arc::new(journal.unwrap());
            let store = SqliteViewStore::open(&folder.path().join("views.db")).await;
            let store: Arc<dyn ViewStore> = Arc::new(store.unwrap());
            let (projector, reports) = Projector::new(Arc::clone(&journal), Arc::clone(&store));
            let world = Self {
                user: UserId(ambient.new_id()),
                ambient,
                executor: CommandExecutor::new(journal),
                projector,
                directory: ViewDirectory(Views::new(store, reports)),
                _folder: folder,
            };
            let registration = Registration {
                email: EmailAddress::parse(EMAIL).unwrap(),
                first_name: Name::parse("Ada").unwrap(),
                last_name: Name::parse("Byron").unwrap(),
                roles: Default::default(),
            };
            world.run(UserCommand::Register(registration)).await;
            world.projector.catch_up().await.unwrap();
            world
        }

        async fn run(&self, command: UserCommand) {
            let stream = StreamId::new(tenant(), StreamKind::User, self.user);
            let stamp = CommandStamp {
                id: CommandId(self.ambient.new_id()),
                fingerprint: [0; 32],
            };
            let context = Context {
                tenant: tenant(),
                actor: Actor::System("test".to_owned()),
                now: self.ambient.now(),
                today: jiff::civil::date(2026, 11, 22),
            };
            let execution = Execution::new(stream, stamp, context, self.ambient.new_id());
            let executed = self.executor.execute::<User>(execution, command).await;
            executed.unwrap();
        }

        async fn accounts(&self, email: &str) -> Vec<LoginCandidate> {
            self.directory.by_email(email, None).await.unwrap()
        }

        /// Waits until the accounts of the address are these, with or without a tenant named.
        async fn until_accounts_are(&self, expected: &[LoginCandidate]) {
            let turned = async {
                while self.accounts(EMAIL).await != expected {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::time::timeout(LONG, turned).await.unwrap();
            let named = self.directory.by_email(EMAIL, Some(&tenant())).await;
            assert_eq!(named.unwrap(), expected);
        }

        fn account(&self, enabled: bool) -> LoginCandidate {
            LoginCandidate {
                tenant: tenant(),
                user: self.user,
                enabled,
            }
        }
    }

    #[tokio::test]
    async fn an_account_that_is_disabled_is_so_though_the_views_stand_still() {
        let world = World::open().await;
        assert_eq!(world.accounts(EMAIL).await, [world.account(true)]);
        world
            .run(UserCommand::Disable {
                other_administrator: true,
            })
            .await;
        world.until_accounts_are(&[world.account(false)]).await;
        world.projector.catch_up().await.unwrap();
        world.until_accounts_are(&[world.account(false)]).await;
    }

    #[tokio::test]
    async fn an_address_that_was_given_up_is_nobodys_though_the_views_stand_still() {
        let world = World::open().await;
        assert_eq!(world.accounts(EMAIL).await, [world.account(true)]);
        let change = ProfileChange {
            email: Some(EmailAddress::parse("byron@example.com").unwrap()),
            ..ProfileChange::default()
        };
        world.run(UserCommand::ChangeProfile(change)).await;
        world.until_accounts_are(&[]).await;
        let profile = world.directory.user(&tenant(), world.user).await.unwrap();
        assert_eq!(profile.unwrap().email, "byron@example.com");
        world.projector.catch_up().await.unwrap();
        let found = world.accounts("byron@example.com").await;
        assert_eq!(found, [world.account(true)]);
    }
}
