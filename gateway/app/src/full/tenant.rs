//! A tenant of the full stack. Its administrator can log in once the user has been told to Keycloak,
//! which the user access role does.

use anyhow::bail;
use invoiceapp_domain::TenantId;
use invoiceapp_service::provisioning::{FirstAdministrator, Provisioning};

use super::identity;
use super::ports::Ports;
use crate::settings::Settings;

/// Creates a tenant, or finishes a creation that was cut short.
///
/// # Errors
/// When it exists already, or a part refuses.
pub(crate) async fn create_tenant(
    settings: &Settings,
    tenant: &TenantId,
    administrator: FirstAdministrator,
) -> anyhow::Result<()> {
    let ports = Ports::open(settings).await?;
    let credentials = identity::credentials(settings, &ports).await?;
    let provisioning = Provisioning {
        executor: &ports.executor,
        credentials: credentials.as_ref(),
        ambient: ports.ambient.as_ref(),
    };
    if provisioning.is_done(tenant).await? {
        bail!("the tenant {tenant} exists already");
    }
    provisioning.create(tenant, administrator).await?;
    ports.close().await;
    Ok(())
}
