//! The built-in issuer, and the gate that believes it.

use std::sync::Arc;

use anyhow::Context;
use invoiceapp_access::{Gate, KeySet, KeySource, PermissionSource, TokenVerifier};
use invoiceapp_authorizer::{
    Authorizer, AuthorizerParts, BuiltInIssuer, BuiltInParts, IdentityProvider, Issuer,
    LoginLimits, SigningKeys,
};
use invoiceapp_service::SteadyGrants;

use super::stores::Stores;
use crate::directory::ViewDirectory;

/// Whom the built-in issuer issues for.
const AUDIENCE: &str = "invoiceapp";
/// The client that people log in with.
const CLIENT: &str = "invoiceapp-console";
/// What the built-in issuer calls itself: a name, since its keys never leave the process.
const ISSUER: &str = "urn:invoiceapp:embedded";

/// The issuer and the gate.
pub(super) struct Identity {
    pub(super) authorizer: Arc<Authorizer>,
    /// Its house has to be kept.
    pub(super) issuer: Arc<BuiltInIssuer>,
    pub(super) gate: Arc<Gate>,
    /// The issuer's keys as the gate knows them; to be kept fresh.
    pub(super) keys: Arc<KeySet>,
}

impl Identity {
    pub(super) fn open(stores: &Stores) -> anyhow::Result<Self> {
        let now = stores.ambient.now();
        let keys = SigningKeys::open(stores.directory.path(), now)
            .context("the signing keys cannot be opened")?;
        let keys = Arc::new(keys);
        let issuer = Issuer {
            url: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            client: CLIENT.to_owned(),
        };
        let permissions: Arc<dyn PermissionSource> = Arc::new(SteadyGrants::new(
            stores.views.clone(),
            stores.executor.clone(),
        ));
        let source = Arc::clone(&keys) as Arc<dyn KeySource>;
        let key_set = KeySet::new(source, Arc::clone(&stores.ambient));
        let verifier = TokenVerifier::new(
            issuer.policy(),
            Arc::clone(&key_set),
            Arc::clone(&stores.ambient),
        );
        let gate = Gate::new(verifier, Arc::clone(&permissions))
            .with_ended_sessions(Arc::new(stores.identity.clone()));
        let issuer = BuiltInIssuer::new(BuiltInParts {
            issuer,
            keys,
            store: stores.identity.clone(),
            permissions,
            ambient: Arc::clone(&stores.ambient),
        });
        let authorizer = Authorizer::new(AuthorizerParts {
            provider: Arc::clone(&issuer) as Arc<dyn IdentityProvider>,
            directory: Arc::new(ViewDirectory(stores.views.clone())),
            limits: LoginLimits::default(),
            ambient: Arc::clone(&stores.ambient),
        });
        Ok(Self {
            authorizer,
            issuer,
            gate: Arc::new(gate),
            keys: key_set,
        })
    }
}
