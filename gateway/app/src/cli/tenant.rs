//! `invoiceapp tenant create`, and the tenant that a fresh data directory begins with.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use invoiceapp_authorizer::make_up_password;
use invoiceapp_domain::TenantId;
use invoiceapp_domain::party::EmailAddress;
use invoiceapp_service::provisioning::{FirstAdministrator, Provisioning};
use invoiceapp_service::user_access::Password;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::DataArguments;
use super::output::Output;
use crate::data_dir::write_secret;
use crate::embedded::{IssuerCredentials, Stores};
use crate::full;
use crate::settings::Settings;
use crate::visit::Place;

/// `invoiceapp tenant …`
#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Create a tenant with its system roles, number series and first administrator.
    ///
    /// The password is taken from INVOICEAPP_ADMIN_PASSWORD; when that is not set, one is made up
    /// and printed once.
    Create {
        /// Name of the tenant: lower-case letters, digits and hyphens.
        name: String,
        /// E-mail address of the first administrator.
        #[arg(long, value_name = "EMAIL")]
        admin: String,
        #[command(flatten)]
        data: DataArguments,
    },
}

/// A first administrator, and where the password came from.
#[derive(Debug)]
pub(crate) struct Administrator {
    /// The name at login.
    pub(crate) email: String,
    /// Where a made-up password is kept.
    pub(crate) password_file: Option<PathBuf>,
    password: SecretString,
    made_up: bool,
}

impl Administrator {
    /// The one of the settings. A made-up password is kept in the data directory; none is made up for an
    /// administrator who is there already, since it would not be theirs.
    pub(super) async fn from_settings(
        settings: &Settings,
        stores: &Stores,
        tenant: &TenantId,
    ) -> anyhow::Result<Self> {
        let email = settings.admin_email.clone();
        let file = stores.directory.admin_credential();
        if let Some(password) = &settings.admin_password {
            let password = password.clone();
            return Ok(Self {
                email,
                password,
                password_file: None,
                made_up: false,
            });
        }
        if file.exists() {
            let text = std::fs::read_to_string(&file).context("the password cannot be read")?;
            let password = SecretString::from(text.trim_end().to_owned());
            return Ok(Self {
                email,
                password,
                password_file: Some(file),
                made_up: false,
            });
        }
        if is_provisioned(stores, tenant).await? {
            return Ok(Self {
                email,
                password: SecretString::default(),
                password_file: None,
                made_up: false,
            });
        }
        let password = make_up_password()?;
        write_secret(&file, password.expose_secret())?;
        Ok(Self {
            email,
            password,
            password_file: Some(file),
            made_up: true,
        })
    }

    /// The password, when it was made up just now.
    pub(crate) fn made_up_password(&self) -> Option<&str> {
        self.made_up.then(|| self.password.expose_secret())
    }

    /// The password, for a login in this process; empty when it is known to the administrator alone.
    pub(crate) fn password(&self) -> &SecretString {
        &self.password
    }
}

#[derive(Debug, Serialize)]
struct Created<'a> {
    tenant: &'a str,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

/// Runs a tenant command.
pub(super) async fn run(
    command: TenantCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let TenantCommand::Create { name, admin, data } = command;
    let place = data.place(&settings);
    let tenant = TenantId::parse(&name)
        .context("the name must be 1 to 40 lower-case letters, digits and inner hyphens")?;
    let (password, made_up) = match &settings.admin_password {
        Some(password) => (password.clone(), false),
        None => (make_up_password()?, true),
    };
    let administrator = Administrator {
        email: admin,
        password,
        password_file: None,
        made_up,
    };
    match place {
        Place::Full => {
            invoiceapp_access::init_crypto();
            full::create_tenant(&settings, &tenant, first(&administrator)?).await?;
        }
        Place::Embedded(directory) => {
            create_embedded(&directory, &tenant, &administrator).await?;
        }
    }
    let password = administrator.made_up_password();
    let created = Created {
        tenant: tenant.as_str(),
        username: &administrator.email,
        password,
    };
    let mut text = format!(
        "Created tenant {tenant} with administrator {}.",
        created.username
    );
    if let Some(password) = password {
        text.push_str(&format!("\nPassword (shown once): {password}"));
    }
    output.print(&created, &text)?;
    Ok(ExitCode::SUCCESS)
}

async fn create_embedded(
    directory: &Path,
    tenant: &TenantId,
    administrator: &Administrator,
) -> anyhow::Result<()> {
    let stores = Stores::open(directory).await?;
    if is_provisioned(&stores, tenant).await? {
        bail!("the tenant {tenant} exists already");
    }
    provision(&stores, tenant, administrator).await?;
    stores.catch_up().await?;
    stores.close().await;
    Ok(())
}

fn first(administrator: &Administrator) -> anyhow::Result<FirstAdministrator> {
    let email = EmailAddress::parse(&administrator.email)
        .context("the administrator's e-mail address is not valid")?;
    let password = Password::new(administrator.password.expose_secret().to_owned());
    Ok(FirstAdministrator { email, password })
}

/// Creates a tenant unless it is there, or finishes a creation that was cut short.
pub(super) async fn provision(
    stores: &Stores,
    tenant: &TenantId,
    administrator: &Administrator,
) -> anyhow::Result<()> {
    let credentials = IssuerCredentials::new(
        stores.identity.clone(),
        std::sync::Arc::clone(&stores.ambient),
    );
    let provisioning = Provisioning {
        executor: &stores.executor,
        credentials: &credentials,
        ambient: stores.ambient.as_ref(),
    };
    if !provisioning.is_done(tenant).await? {
        provisioning.create(tenant, first(administrator)?).await?;
    }
    Ok(())
}

async fn is_provisioned(stores: &Stores, tenant: &TenantId) -> anyhow::Result<bool> {
    let credentials = IssuerCredentials::new(
        stores.identity.clone(),
        std::sync::Arc::clone(&stores.ambient),
    );
    let provisioning = Provisioning {
        executor: &stores.executor,
        credentials: &credentials,
        ambient: stores.ambient.as_ref(),
    };
    Ok(provisioning.is_done(tenant).await?)
}
