//! Keycloak's administration, as far as we need it: one account per user, written as a whole.
//!
//! The account's user name is our user id, which is unique over all tenants and never changes, so
//! that "is it there already?" has one answer. Tenant, user id and roles are attributes that only an
//! administrator may edit; the realm puts the first two into the access token. Roles are there to
//! be seen: what they permit is looked up in our own read model for every request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_access::init_crypto;
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::user::{UserRecord, UserStatus};
use invoiceapp_domain::{Ambient, TenantId};
use jiff::{SignedDuration, Timestamp};
use keycloak::types::UserRepresentation;
use keycloak::{
    KeycloakAdmin, KeycloakError, KeycloakServiceAccountAdminTokenRetriever, KeycloakTokenSupplier,
};
use reqwest::Client;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::hash::KeycloakHash;

/// The longest a connection may take to come about.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
/// The longest a call may take as a whole.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(10);
/// How long before its end a service token is not used any more.
const TOKEN_MARGIN: SignedDuration = SignedDuration::from_secs(15);

const TENANT: &str = "tenant";
const USER_ID: &str = "user_id";
const ROLES: &str = "roles";

/// A realm, and as whom we keep its accounts.
#[derive(Debug, Clone)]
pub struct RealmSettings {
    /// Where the server is, without a slash at the end.
    pub base_url: String,
    /// The realm.
    pub realm: String,
    /// A client with a service account that has the role `manage-users`.
    pub client: String,
    /// Its secret.
    pub client_secret: SecretString,
}

/// A user as Keycloak has to have them.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The user, and the account's user name.
    pub user: UserId,
    /// The tenant.
    pub tenant: TenantId,
    /// What is known of the user.
    pub record: UserRecord,
}

impl std::fmt::Debug for Account {
    /// Personal data stays out of logs.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Account")
            .field("tenant", &self.tenant)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Account {
    fn is_enabled(&self) -> bool {
        self.record.status == UserStatus::Active
    }

    fn representation(&self, hash: Option<&KeycloakHash>) -> UserRepresentation {
        let roles = self.record.roles.iter().map(ToString::to_string).collect();
        let attributes = HashMap::from([
            (TENANT.to_owned(), vec![self.tenant.to_string()]),
            (USER_ID.to_owned(), vec![self.user.to_string()]),
            (ROLES.to_owned(), roles),
        ]);
        UserRepresentation {
            username: Some(self.user.to_string()),
            enabled: Some(self.is_enabled()),
            email: Some(self.record.email.to_string()),
            email_verified: Some(true),
            first_name: Some(self.record.first_name.to_string()),
            last_name: Some(self.record.last_name.to_string()),
            attributes: Some(attributes),
            required_actions: Some(Vec::new()),
            credentials: hash.map(|hash| vec![hash.representation()]),
            ..UserRepresentation::default()
        }
    }

    /// Whether the account in Keycloak is this one already.
    fn equals(&self, found: &UserRepresentation) -> bool {
        let wanted = self.representation(None);
        let lower = |email: &Option<String>| email.as_ref().map(|email| email.to_lowercase());
        let attribute = |account: &UserRepresentation, name: &str| {
            let attributes = account.attributes.as_ref();
            let mut values = attributes
                .and_then(|attributes| attributes.get(name).cloned())
                .unwrap_or_default();
            values.sort();
            values
        };
        let same_attributes = [TENANT, USER_ID, ROLES]
            .iter()
            .all(|name| attribute(&wanted, name) == attribute(found, name));
        // Keycloak writes addresses in lower case.
        same_attributes
            && wanted.enabled == found.enabled
            && lower(&wanted.email) == lower(&found.email)
            && wanted.first_name == found.first_name
            && wanted.last_name == found.last_name
    }
}

/// Why an account is not as it has to be. No variant repeats what was sent, or Keycloak's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AccountError {
    /// Keycloak does not answer, fails, or does not let us in: trying again helps once that is over.
    #[error("Keycloak is not available: {0}")]
    Unavailable(String),
    /// Somebody else changed the account at the same moment: trying again helps.
    #[error("the account changed meanwhile")]
    Conflict,
    /// Keycloak will not have the account like this.
    #[error("Keycloak refuses the account with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
}

impl From<KeycloakError> for AccountError {
    fn from(error: KeycloakError) -> Self {
        match error {
            // The request's address has no secret in it, and its body is not in the error.
            KeycloakError::ReqwestFailure(error) => Self::Unavailable(transport(&error).to_owned()),
            KeycloakError::HttpFailure { status, .. } => match status {
                404 | 409 => Self::Conflict,
                400..=499 if !matches!(status, 401 | 403 | 408 | 429) => Self::Refused { status },
                _ => Self::Unavailable(format!("status {status}")),
            },
        }
    }
}

fn transport(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_decode() {
        "an answer that cannot be read"
    } else {
        "the connection was lost"
    }
}

/// The accounts of a realm.
pub struct KeycloakAccounts {
    admin: KeycloakAdmin<ServiceTokens>,
    realm: String,
}

impl std::fmt::Debug for KeycloakAccounts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("KeycloakAccounts")
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

impl KeycloakAccounts {
    /// The accounts of a realm. Keycloak need not be there yet.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`] when no HTTP client can be made.
    pub fn new(settings: &RealmSettings, ambient: Arc<dyn Ambient>) -> Result<Self, AccountError> {
        init_crypto();
        let client = Client::builder()
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(CALL_TIME_MAX)
            .redirect(Policy::none())
            .build()
            .map_err(|_| AccountError::Unavailable("no HTTP client".to_owned()))?;
        let retriever = KeycloakServiceAccountAdminTokenRetriever::create_with_custom_realm(
            &settings.client,
            settings.client_secret.expose_secret(),
            &settings.realm,
            client.clone(),
        );
        let tokens = ServiceTokens {
            retriever,
            ambient,
            held: Mutex::default(),
        };
        Ok(Self {
            admin: KeycloakAdmin::new(&settings.base_url, tokens, client),
            realm: settings.realm.clone(),
        })
    }

    /// Whether Keycloak answers, believes our service account and lets it see the realm's accounts.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn check(&self) -> Result<(), AccountError> {
        // Nobody's id: what is asked for is the right to ask.
        self.find(UserId(Uuid::nil())).await.map(drop)
    }

    /// Makes the account equal to what is wanted, with another password where a hash is given. A
    /// disabled account and one with another password lose their sessions. Repeating it does no
    /// harm.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn put(
        &self,
        account: &Account,
        hash: Option<&KeycloakHash>,
    ) -> Result<(), AccountError> {
        let id = match self.find(account.user).await? {
            None => self.create(account, hash).await?,
            Some((id, found)) => {
                if hash.is_some() || !account.equals(&found) {
                    let wanted = account.representation(hash);
                    self.admin
                        .realm_users_with_user_id_put(&self.realm, &id, wanted)
                        .await?;
                }
                id
            }
        };
        // Asked for also when the account was right already: an earlier try may have ended here.
        if hash.is_some() || !account.is_enabled() {
            self.admin
                .realm_users_with_user_id_logout_post(&self.realm, &id)
                .await?;
        }
        Ok(())
    }

    /// The account of a user: Keycloak's id for it, and what it says.
    async fn find(
        &self,
        user: UserId,
    ) -> Result<Option<(String, UserRepresentation)>, AccountError> {
        let username = user.to_string();
        let found = self
            .admin
            .realm_users_get(
                &self.realm,
                Some(false),
                None,
                None,
                None,
                None,
                None,
                Some(true),
                None,
                None,
                None,
                None,
                None,
                Some(2),
                None,
                None,
                Some(username.clone()),
            )
            .await?;
        let ours = found
            .into_iter()
            .find(|account| account.username.as_deref() == Some(username.as_str()));
        Ok(ours.and_then(|account| account.id.clone().map(|id| (id, account))))
    }

    async fn create(
        &self,
        account: &Account,
        hash: Option<&KeycloakHash>,
    ) -> Result<String, AccountError> {
        // 409 when another process was faster; the next try finds the account.
        let answer = self
            .admin
            .realm_users_post(&self.realm, account.representation(hash))
            .await?;
        match answer.to_id() {
            Some(id) => Ok(id.to_owned()),
            None => {
                let found = self.find(account.user).await?;
                found.map(|(id, _)| id).ok_or(AccountError::Conflict)
            }
        }
    }
}

struct HeldToken {
    token: SecretString,
    usable_until: Timestamp,
}

/// A service token, while it lives; the library itself would fetch one for every call.
struct ServiceTokens {
    retriever: KeycloakServiceAccountAdminTokenRetriever,
    ambient: Arc<dyn Ambient>,
    held: Mutex<Option<HeldToken>>,
}

#[async_trait]
impl KeycloakTokenSupplier for ServiceTokens {
    async fn get(&self, url: &str) -> Result<String, KeycloakError> {
        let mut held = self.held.lock().await;
        let now = self.ambient.now();
        if let Some(held) = held.as_ref().filter(|held| now < held.usable_until) {
            return Ok(held.token.expose_secret().to_owned());
        }
        let fresh = self.retriever.acquire(url).await?;
        let life = i64::try_from(fresh.expires_in()).unwrap_or_default();
        let life = SignedDuration::from_secs(life) - TOKEN_MARGIN;
        let token = fresh.access_token().to_owned();
        *held = Some(HeldToken {
            token: token.clone().into(),
            usable_until: now.saturating_add(life).unwrap_or(now),
        });
        Ok(token)
    }
}
