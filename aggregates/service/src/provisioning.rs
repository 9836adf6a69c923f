//! Creating a tenant: its organisation, its system roles, its two number series, its first
//! administrator. Each is a command of its own under an id derived from the tenant, so that a run
//! that was cut short is finished by the next one and nothing is done twice.

use std::collections::BTreeSet;

use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::numbering::{NumberSeries, NumberSeriesCommand, SeriesSnapshot};
use invoiceapp_domain::organization::{InvoicingDefaults, Organization, OrganizationCommand};
use invoiceapp_domain::party::EmailAddress;
use invoiceapp_domain::role::{Role, RoleCommand, RoleDefinition};
use invoiceapp_domain::text::{Name, RoleCode};
use invoiceapp_domain::user::{Registration, User, UserCommand};
use invoiceapp_domain::{
    Actor, Ambient, Context, Decider, InvalidValue, StreamId, StreamKind, TenantId,
};
use invoiceapp_journal::execute::{CommandExecutor, ExecuteError, Executed, Execution, LoadError};
use invoiceapp_schemas::{CommandId, CommandStamp};
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::parts::organization_stream;
use crate::user_access::{CredentialStore, Password, PasswordError, StagedCredential, credentials};

/// Who provisions, as events name it.
const ACTOR: &str = "provisioning";
/// Namespace of the command ids of provisioning.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1b_2f5e_7c3a_5d10_9a4e_2b7d_8c11_e001);

/// The first administrator of a tenant.
#[derive(Debug)]
pub struct FirstAdministrator {
    /// The name at login.
    pub email: EmailAddress,
    /// The first password.
    pub password: Password,
}

/// Why a tenant was not created.
#[derive(Debug, Error)]
pub enum ProvisioningError {
    /// There is such a tenant.
    #[error("the tenant {0} exists already")]
    TenantExists(TenantId),
    /// A name does not have its form.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    /// The password was not taken.
    #[error("the administrator's password was not taken")]
    Password(#[from] PasswordError),
    /// The journal could not be read.
    #[error("the tenant could not be looked up")]
    Load(#[from] LoadError),
    /// A command was not done.
    #[error("the step {step} of the tenant's creation failed: {reason}")]
    Step {
        /// Which one.
        step: String,
        /// Why.
        reason: String,
    },
}

/// Creates tenants.
#[derive(Debug)]
pub struct Provisioning<'a> {
    /// Executes the commands.
    pub executor: &'a CommandExecutor,
    /// Keeps the administrator's password.
    pub credentials: &'a dyn CredentialStore,
    /// Time and identity.
    pub ambient: &'a dyn Ambient,
}

impl Provisioning<'_> {
    /// Whether the tenant has been created, to the last step.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn is_done(&self, tenant: &TenantId) -> Result<bool, LoadError> {
        let user = self.administrator_of(tenant).await?;
        Ok(user.is_some())
    }

    /// Creates a tenant, or finishes a creation that was cut short.
    ///
    /// # Errors
    /// [`ProvisioningError`].
    pub async fn create(
        &self,
        tenant: &TenantId,
        administrator: FirstAdministrator,
    ) -> Result<UserId, ProvisioningError> {
        if self.is_done(tenant).await? {
            return Err(ProvisioningError::TenantExists(tenant.clone()));
        }
        self.organization(tenant).await?;
        for role in RoleDefinition::system_roles()? {
            let stream = StreamId::new(tenant.clone(), StreamKind::Role, &role.code);
            let step = format!("role {}", role.code);
            self.step::<Role>(stream, &step, RoleCommand::Define(role))
                .await?;
        }
        let mut others = Vec::new();
        for series in SeriesSnapshot::defaults()? {
            let stream = StreamId::new(tenant.clone(), StreamKind::NumberSeries, &series.code);
            let step = format!("number series {}", series.code);
            let command = NumberSeriesCommand::Define {
                series: series.clone(),
                others: others.clone(),
            };
            self.step::<NumberSeries>(stream, &step, command).await?;
            others.push(series);
        }
        self.administrator(tenant, administrator).await
    }

    async fn organization(&self, tenant: &TenantId) -> Result<(), ProvisioningError> {
        let command = OrganizationCommand::Provision {
            name: Name::parse(tenant.as_str())?,
            defaults: InvoicingDefaults::default(),
        };
        self.step::<Organization>(organization_stream(tenant), "organization", command)
            .await?;
        Ok(())
    }

    async fn administrator(
        &self,
        tenant: &TenantId,
        administrator: FirstAdministrator,
    ) -> Result<UserId, ProvisioningError> {
        let user = UserId(self.ambient.new_id());
        let stamp = stamp(tenant, ADMINISTRATOR_STEP);
        let salt = stamp.id.0.as_bytes();
        let hash = self.credentials.hash(administrator.password, salt).await?;
        let staged = StagedCredential {
            stamp,
            tenant: tenant.clone(),
            hash,
            staged_at: self.ambient.now(),
            turn: self.credentials.draw_turn().await?,
        };
        // A run that was cut short may have had another password; this one's is the one shown.
        self.credentials.discard(stamp).await?;
        self.credentials.stage(&staged).await?;
        let stream = StreamId::new(tenant.clone(), StreamKind::User, user);
        let command = UserCommand::Register(Registration {
            email: administrator.email,
            first_name: Name::parse("First")?,
            last_name: Name::parse("Administrator")?,
            roles: BTreeSet::from([RoleCode::parse(RoleDefinition::ADMINISTRATOR)?]),
        });
        let executed = self
            .step::<User>(stream, ADMINISTRATOR_STEP, command)
            .await?;
        let user = executed.committed.stream.key.parse().unwrap_or(user);
        credentials::hand_over(self.credentials, user, stamp).await;
        Ok(user)
    }

    async fn administrator_of(&self, tenant: &TenantId) -> Result<Option<StreamId>, LoadError> {
        let receipt = self
            .executor
            .journal()
            .receipt_of(command_id(tenant, ADMINISTRATOR_STEP));
        Ok(receipt.await?.map(|committed| committed.stream))
    }

    async fn step<A: Decider>(
        &self,
        stream: StreamId,
        step: &str,
        command: A::Command,
    ) -> Result<Executed<A>, ProvisioningError> {
        let stamp = stamp(&stream.tenant, step);
        let now = self.ambient.now();
        let context = Context {
            tenant: stream.tenant.clone(),
            actor: Actor::System(ACTOR.to_owned()),
            now,
            today: TimeZone::UTC.to_datetime(now).date(),
        };
        let execution = Execution::new(stream, stamp, context, stamp.id.0);
        let executed = self.executor.execute::<A>(execution, command).await;
        executed.map_err(|error| failed(step, &error))
    }
}

const ADMINISTRATOR_STEP: &str = "administrator";

fn stamp(tenant: &TenantId, step: &str) -> CommandStamp {
    CommandStamp {
        id: command_id(tenant, step),
        // The step's name is all that is asked: another administrator under the same id is the same
        // step.
        fingerprint: Sha256::digest(step.as_bytes()).into(),
    }
}

fn command_id(tenant: &TenantId, step: &str) -> CommandId {
    CommandId(Uuid::new_v5(
        &NAMESPACE,
        format!("{tenant}/{step}").as_bytes(),
    ))
}

fn failed<R: std::error::Error + 'static>(
    step: &str,
    error: &ExecuteError<R>,
) -> ProvisioningError {
    ProvisioningError::Step {
        step: step.to_owned(),
        reason: error.to_string(),
    }
}
