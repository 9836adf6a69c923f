//! An installation in a temporary directory: the issuer, its router in the shell of every service,
//! users that a test makes up, a clock that it steers.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use invoiceapp_access::{
    Gate, Grants, KeySet, PermissionSource, SourceUnavailable, TokenVerifier, init_crypto,
};
use invoiceapp_authorizer::{
    Authorizer, AuthorizerParts, BuiltInIssuer, BuiltInParts, DirectoryUnavailable, IdentityStore,
    Issuer, LoginCandidate, LoginLimits, SigningKeys, UserDirectory, UserProfile, WaitError,
    router,
};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Ambient, Permission, TenantId};
use invoiceapp_http::Shell;
use invoiceapp_http::metrics::HttpMetrics;
use invoiceapp_http::server::ClientAddress;
use invoiceapp_http::shell::SharedParts;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const EMAIL: &str = "ada@example.com";

#[derive(Debug)]
pub(crate) struct SteeredClock {
    now: Mutex<Timestamp>,
    ids: AtomicU64,
}

impl SteeredClock {
    fn new() -> Arc<Self> {
        let now = Mutex::new(Timestamp::from_second(1_800_000_000).unwrap());
        Arc::new(Self {
            now,
            ids: AtomicU64::new(1),
        })
    }

    pub(crate) fn advance_seconds(&self, seconds: i64) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }
}

impl Ambient for SteeredClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ids.fetch_add(1, Ordering::Relaxed)))
    }
}

#[derive(Debug, Clone)]
struct TestUser {
    email: String,
    enabled: bool,
    grants: Grants,
}

/// The read model of a test: directory and permission source in one.
#[derive(Debug, Default)]
pub(crate) struct Users {
    users: Mutex<BTreeMap<(TenantId, UserId), TestUser>>,
    pub(crate) down: Mutex<bool>,
    catches_up: Mutex<Option<(u64, Change)>>,
}

/// What becomes known when the read model goes on.
type Change = fn(&Users);

impl Users {
    /// Adds a user, who has no password yet.
    pub(crate) fn add(&self, tenant: &TenantId, user: UserId, email: &str) {
        let grants = Grants {
            permissions: [Permission::InvoiceGetById].into(),
            roles: vec!["reader".to_owned()],
        };
        let entry = TestUser {
            email: email.to_owned(),
            enabled: true,
            grants,
        };
        self.users
            .lock()
            .unwrap()
            .insert((tenant.clone(), user), entry);
    }

    pub(crate) fn set_enabled(&self, tenant: &TenantId, user: UserId, enabled: bool) {
        self.users
            .lock()
            .unwrap()
            .get_mut(&(tenant.clone(), user))
            .unwrap()
            .enabled = enabled;
    }

    pub(crate) fn set_grants(&self, tenant: &TenantId, user: UserId, grants: Grants) {
        self.users
            .lock()
            .unwrap()
            .get_mut(&(tenant.clone(), user))
            .unwrap()
            .grants = grants;
    }

    /// Lets whoever waits for a position up to this one find that changed.
    pub(crate) fn catch_up(&self, position: u64, change: Change) {
        *self.catches_up.lock().unwrap() = Some((position, change));
    }

    fn is_down(&self) -> bool {
        *self.down.lock().unwrap()
    }
}

#[async_trait]
impl UserDirectory for Users {
    async fn by_email(
        &self,
        normalised_email: &str,
        tenant: Option<&TenantId>,
    ) -> Result<Vec<LoginCandidate>, DirectoryUnavailable> {
        if self.is_down() {
            return Err(DirectoryUnavailable("down".into()));
        }
        let users = self.users.lock().unwrap();
        let found = users.iter().filter(|((of, _), user)| {
            user.email == normalised_email && tenant.is_none_or(|tenant| tenant == of)
        });
        Ok(found
            .map(|((tenant, user), found)| LoginCandidate {
                tenant: tenant.clone(),
                user: *user,
                enabled: found.enabled,
            })
            .collect())
    }

    async fn user(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<UserProfile>, DirectoryUnavailable> {
        let users = self.users.lock().unwrap();
        Ok(users.get(&(tenant.clone(), user)).map(|user| UserProfile {
            email: user.email.clone(),
            first_name: "Ada".to_owned(),
            last_name: "Lovelace".to_owned(),
        }))
    }

    async fn wait_for(&self, position: u64) -> Result<(), WaitError> {
        if self.is_down() {
            return Err(WaitError::Unavailable(DirectoryUnavailable("down".into())));
        }
        let reached = self.catches_up.lock().unwrap().take();
        match reached {
            Some((up_to, change)) if up_to >= position => {
                change(self);
                Ok(())
            }
            _ => Err(WaitError::Behind),
        }
    }
}

#[async_trait]
impl PermissionSource for Users {
    async fn grants(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<Grants>, SourceUnavailable> {
        if self.is_down() {
            return Err(SourceUnavailable("down".into()));
        }
        let users = self.users.lock().unwrap();
        let found = users
            .get(&(tenant.clone(), user))
            .filter(|user| user.enabled);
        Ok(found.map(|user| user.grants.clone()))
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn text(&self, field: &str) -> String {
        let text = self.body[field].as_str();
        assert!(text.is_some(), "no {field}: {self:?}");
        text.unwrap().to_owned()
    }
}

pub(crate) struct Installation {
    pub(crate) clock: Arc<SteeredClock>,
    pub(crate) users: Arc<Users>,
    pub(crate) authorizer: Arc<Authorizer>,
    pub(crate) issuer: Arc<BuiltInIssuer>,
    pub(crate) store: IdentityStore,
    pub(crate) keys: Arc<SigningKeys>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) directory: TempDir,
    router: Router,
}

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

pub(crate) fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

impl Installation {
    pub(crate) async fn new() -> Self {
        Self::with_limits(LoginLimits::default()).await
    }

    pub(crate) async fn with_limits(limits: LoginLimits) -> Self {
        init_crypto();
        let directory = tempfile::tempdir().unwrap();
        let clock = SteeredClock::new();
        let users = Arc::new(Users::default());
        let store = IdentityStore::open(&store_path(directory.path()))
            .await
            .unwrap();
        let keys = Arc::new(SigningKeys::open(directory.path(), clock.now()).unwrap());
        let issuer = Issuer {
            url: "http://127.0.0.1:3300".to_owned(),
            audience: "invoiceapp".to_owned(),
            client: "invoiceapp".to_owned(),
        };
        let key_set = KeySet::new(keys.clone(), clock.clone());
        let verifier = TokenVerifier::new(issuer.policy(), key_set, clock.clone());
        let gate = Gate::new(verifier, users.clone()).with_ended_sessions(Arc::new(store.clone()));
        let gate = Arc::new(gate);
        let issuer = BuiltInIssuer::new(BuiltInParts {
            issuer,
            keys: keys.clone(),
            store: store.clone(),
            permissions: users.clone(),
            ambient: clock.clone(),
        });
        let authorizer = Authorizer::new(AuthorizerParts {
            provider: issuer.clone(),
            directory: users.clone(),
            limits,
            ambient: clock.clone(),
        });
        let metrics = HttpMetrics::register(&prometheus::Registry::new()).unwrap();
        let shared = SharedParts {
            gate: gate.clone(),
            ambient: clock.clone(),
        };
        let router = Shell::new("authorizer", shared, metrics).wrap(router(authorizer.clone()));
        Self {
            clock,
            users,
            authorizer,
            issuer,
            store,
            keys,
            gate,
            directory,
            router,
        }
    }

    /// An installation where [`EMAIL`] of tenant `default` has [`PASSWORD`].
    pub(crate) async fn with_ada() -> Self {
        let installation = Self::new().await;
        installation
            .register(&tenant("default"), user(1), EMAIL, PASSWORD)
            .await;
        installation
    }

    pub(crate) async fn register(
        &self,
        tenant: &TenantId,
        user: UserId,
        email: &str,
        password: &str,
    ) {
        self.users.add(tenant, user, email);
        self.issuer
            .set_password(tenant, user, password.into())
            .await
            .unwrap();
    }

    pub(crate) async fn call(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(post(path).body(Body::from(body.to_string())).unwrap())
            .await
    }

    pub(crate) async fn get(&self, path: &str, bearer: Option<&str>) -> Answer {
        let mut request = Request::get(path);
        if let Some(token) = bearer {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.call(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Answer {
        self.post(
            "/api/v1/auth/login",
            &json!({"username": email, "password": password}),
        )
        .await
    }

    pub(crate) async fn login_from(&self, address: [u8; 4], email: &str) -> Answer {
        let body = json!({"username": email, "password": "wrong password"});
        let request = post("/api/v1/auth/login")
            .extension(ClientAddress(IpAddr::V4(Ipv4Addr::from(address))))
            .body(Body::from(body.to_string()));
        self.call(request.unwrap()).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.post("/api/v1/auth/refresh", &json!({"refresh_token": token}))
            .await
    }
}

fn post(path: &str) -> axum::http::request::Builder {
    Request::post(path).header("content-type", "application/json")
}

pub(crate) fn store_path(directory: &Path) -> std::path::PathBuf {
    directory.join("identity.db")
}
