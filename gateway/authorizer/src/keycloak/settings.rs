//! Where Keycloak is, and as whom we speak to it.

use invoiceapp_access::{SigningAlgorithm, TokenDialect, TokenPolicy};
use secrecy::SecretString;

/// A realm of a Keycloak server. Addresses have no slash at the end.
#[derive(Debug, Clone)]
pub struct KeycloakSettings {
    /// Where we reach the server; it may be a proxy or an inner name.
    pub base_url: String,
    /// `iss` of its tokens: the address under which it presents the realm.
    pub issuer: String,
    /// The realm.
    pub realm: String,
    /// `aud` of our access tokens.
    pub audience: String,
    /// The client that people log in with; `azp` of their tokens.
    pub client: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// The client that may end sessions: a service account with the role `manage-users`.
    pub service_client: String,
    /// Its secret.
    pub service_client_secret: SecretString,
}

impl KeycloakSettings {
    /// The policy by which services accept this realm's tokens.
    #[must_use]
    pub fn policy(&self) -> TokenPolicy {
        TokenPolicy {
            dialect: TokenDialect::Keycloak,
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            clients: vec![self.client.clone()],
            algorithms: vec![SigningAlgorithm::Es256, SigningAlgorithm::Rs256],
        }
    }

    /// Where the realm's keys are: for [`invoiceapp_access::RemoteKeys`].
    #[must_use]
    pub fn keys_url(&self) -> String {
        self.openid("certs")
    }

    pub(super) fn openid(&self, endpoint: &str) -> String {
        let (base, realm) = (&self.base_url, &self.realm);
        format!("{base}/realms/{realm}/protocol/openid-connect/{endpoint}")
    }

    pub(super) fn session(&self, session: &str) -> String {
        let (base, realm) = (&self.base_url, &self.realm);
        format!("{base}/admin/realms/{realm}/sessions/{session}")
    }
}
