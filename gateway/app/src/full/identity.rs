//! Keycloak as the issuer, and the gate that believes it.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use invoiceapp_access::{
    Gate, Grants, KeySet, PermissionSource, RemoteKeys, SourceUnavailable, TokenVerifier,
};
use invoiceapp_authorizer::keycloak::{KeycloakParts, KeycloakProvider, KeycloakSettings};
use invoiceapp_authorizer::staging::PostgresStaging;
use invoiceapp_authorizer::{Authorizer, AuthorizerParts, LoginLimits};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Ambient, TenantId};
use invoiceapp_identity::{AccountSync, KeycloakAccounts, RealmSettings};
use invoiceapp_service::SteadyGrants;
use invoiceapp_service::user_access::CredentialStore;

use super::credentials::KeycloakCredentials;
use super::patience;
use super::ports::{Ports, postgres_url};
use crate::directory::ViewDirectory;
use crate::settings::Settings;

/// Whom a process believes.
#[derive(Debug, Clone)]
pub(super) struct Believed {
    pub(super) gate: Arc<Gate>,
    /// The issuer's keys; to be kept fresh.
    pub(super) keys: Arc<KeySet>,
}

/// The realm.
pub(super) fn realm(settings: &Settings) -> KeycloakSettings {
    let keycloak = &settings.keycloak;
    let base_url = keycloak.url.trim_end_matches('/').to_owned();
    let issuer = keycloak.issuer.clone();
    KeycloakSettings {
        issuer: issuer.unwrap_or_else(|| format!("{base_url}/realms/{}", keycloak.realm)),
        base_url,
        realm: keycloak.realm.clone(),
        audience: keycloak.audience.clone(),
        client: keycloak.client_id.clone(),
        client_secret: keycloak.client_secret.clone(),
        service_client: keycloak.service_client_id.clone(),
        service_client_secret: keycloak.service_client_secret.clone(),
    }
}

/// The authorizer's use cases on Keycloak, and the gate of a process that reads the views: who logs
/// out through these use cases is not let in by this gate any more.
pub(super) fn open(
    settings: &Settings,
    ports: &Ports,
) -> anyhow::Result<(Believed, Arc<Authorizer>)> {
    let realm = realm(settings);
    let keys = keys(&realm, &ports.ambient)?;
    let permissions = SteadyGrants::new(ports.views.clone(), ports.executor.clone());
    let provider = KeycloakProvider::new(KeycloakParts {
        settings: realm,
        keys: Arc::clone(&keys),
        permissions: Arc::new(permissions),
        ambient: Arc::clone(&ports.ambient),
    })
    .context("Keycloak cannot be spoken to")?;
    let gate = Arc::new(provider.gate());
    let authorizer = Authorizer::new(AuthorizerParts {
        provider,
        directory: Arc::new(ViewDirectory(ports.views.clone())),
        limits: LoginLimits::default(),
        ambient: Arc::clone(&ports.ambient),
    });
    Ok((Believed { gate, keys }, authorizer))
}

/// The gate of the front door, which counts requests by their token and decides nothing else.
pub(super) fn believe_tokens_only(
    settings: &Settings,
    ambient: &Arc<dyn Ambient>,
) -> anyhow::Result<Believed> {
    let realm = realm(settings);
    let keys = keys(&realm, ambient)?;
    let verifier = TokenVerifier::new(realm.policy(), Arc::clone(&keys), Arc::clone(ambient));
    let gate = Arc::new(Gate::new(verifier, Arc::new(NoGrants)));
    Ok(Believed { gate, keys })
}

fn keys(realm: &KeycloakSettings, ambient: &Arc<dyn Ambient>) -> anyhow::Result<Arc<KeySet>> {
    let source = RemoteKeys::new(&realm.keys_url()).context("keycloak.url is not valid")?;
    Ok(KeySet::new(Arc::new(source), Arc::clone(ambient)))
}

/// The realm as our service account sees it.
pub(super) fn realm_settings(settings: &Settings) -> RealmSettings {
    let realm = realm(settings);
    RealmSettings {
        base_url: realm.base_url,
        realm: realm.realm,
        client: realm.service_client,
        client_secret: realm.service_client_secret,
    }
}

/// Writes the realm's accounts.
pub(super) fn accounts(settings: &Settings, ports: &Ports) -> anyhow::Result<AccountSync> {
    let realm = realm_settings(settings);
    let accounts = KeycloakAccounts::new(&realm, Arc::clone(&ports.ambient))
        .context("Keycloak's accounts cannot be spoken to")?;
    Ok(AccountSync::new(Arc::new(accounts), ports.executor.clone()))
}

/// Passwords on their way to Keycloak.
pub(super) async fn credentials(
    settings: &Settings,
    ports: &Ports,
) -> anyhow::Result<Arc<dyn CredentialStore>> {
    let url = postgres_url(settings)?;
    let staging = patience::open("staging", || PostgresStaging::open(&url)).await?;
    let accounts = accounts(settings, ports)?;
    let ambient = Arc::clone(&ports.ambient);
    Ok(Arc::new(KeycloakCredentials::new(
        staging, accounts, ambient,
    )))
}

/// Nobody may do anything at the front door itself.
#[derive(Debug)]
struct NoGrants;

#[async_trait]
impl PermissionSource for NoGrants {
    async fn grants(
        &self,
        _tenant: &TenantId,
        _user: UserId,
    ) -> Result<Option<Grants>, SourceUnavailable> {
        Ok(Some(Grants {
            permissions: BTreeSet::new(),
            roles: Vec::new(),
        }))
    }
}
