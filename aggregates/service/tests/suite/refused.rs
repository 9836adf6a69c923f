//! What becomes of the password of a command that is refused: it does not wait for one that never
//! comes, and a repeat that is not refused still brings it. And of one that a later one overtook: it
//! does not come back.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Permission, TenantId};
use invoiceapp_http::testing::TestIssuer;
use invoiceapp_journal::execute::CommandExecutor;
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_projections::projector::Projector;
use invoiceapp_projections::sqlite::SqliteViewStore;
use invoiceapp_projections::{ViewStore, Views};
use invoiceapp_service::ServiceParts;
use invoiceapp_service::user_access::{CredentialHandOver, UserAccessParts, router};
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

use crate::memory::Memory;

struct World {
    memory: Arc<Memory>,
    hand_over: CredentialHandOver,
    service: Router,
    token: String,
    _folder: TempDir,
}

impl World {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = TestIssuer::new();
        let options = SqliteOptions::new(folder.path().join("journal.db"));
        let journal = SqliteJournal::open(options, issuer.ambient.clone());
        let journal: Arc<dyn Journal> = Arc::new(journal.await.unwrap());
        let store = SqliteViewStore::open(&folder.path().join("views.db")).await;
        let store: Arc<dyn ViewStore> = Arc::new(store.unwrap());
        let (_, reached) = Projector::new(Arc::clone(&journal), Arc::clone(&store));
        let memory = Arc::new(Memory::default());
        let executor = CommandExecutor::new(journal);
        let parts = UserAccessParts {
            service: ServiceParts {
                executor: executor.clone(),
                views: Views::new(store, reached),
                ambient: issuer.ambient.clone(),
            },
            credentials: memory.clone(),
        };
        let (tenant, user) = (TenantId::parse("default").unwrap(), UserId(Uuid::nil()));
        issuer.allow(&tenant, user, Permission::ALL);
        let hand_over = CredentialHandOver {
            credentials: memory.clone(),
            executor,
            ambient: issuer.ambient.clone(),
        };
        Self {
            memory,
            hand_over,
            token: issuer.token(&tenant, user),
            service: issuer.shell("user-access").wrap(router(parts)),
            _folder: folder,
        }
    }

    /// Sends a command: its status and its body.
    async fn send(&self, command: (&str, &str), key: &str, body: &Value) -> (StatusCode, Value) {
        let (method, path) = command;
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", key)
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.service.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// Registers somebody: the path of the user.
    async fn somebody(&self) -> String {
        let (status, created) = self.register("registration", &ada(&[])).await;
        assert_eq!(status, StatusCode::CREATED, "{created}");
        format!("/users/{}", created["id"].as_str().unwrap())
    }

    async fn set_password(&self, user: &str, key: &str, password: &str) {
        let body = json!({"password": password});
        let (status, answer) = self.send(("PATCH", user), key, &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    /// Lets the look finish everything: the beginning of the hash that the provider took last.
    async fn password_in_the_end(&self) -> String {
        self.hand_over.look().await.unwrap();
        assert_eq!(self.memory.staged_count(), 0);
        let (_, hash) = self.memory.taken().pop().unwrap();
        hash.split_once(" with ").unwrap().0.to_owned()
    }

    async fn register(&self, key: &str, body: &Value) -> (StatusCode, Value) {
        self.send(("POST", "/users"), key, body).await
    }
}

fn ada(roles: &[&str]) -> Value {
    json!({
        "email": "ada@example.com", "first_name": "Ada", "last_name": "Byron",
        "password": "a long enough password", "roles": roles
    })
}

#[rstest]
#[case::of_an_unknown_role(("POST", "/users"), ada(&["stranger"]), StatusCode::BAD_REQUEST)]
#[case::of_an_address_that_is_taken(("POST", "/users"), ada(&[]), StatusCode::CONFLICT)]
#[case::of_an_unknown_user(
    ("PATCH", "/users/0190b5a0-0000-7000-8000-000000000000"),
    json!({"password": "a long enough password"}),
    StatusCode::NOT_FOUND
)]
#[tokio::test]
async fn the_password_of_a_refused_command_does_not_stay(
    #[case] command: (&str, &str),
    #[case] body: Value,
    #[case] refusal: StatusCode,
) {
    let world = World::open().await;
    let (status, _) = world.register("first", &ada(&[])).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(world.memory.taken().len(), 1);
    let (status, problem) = world.send(command, "second", &body).await;
    assert_eq!(status, refusal, "{problem}");
    assert_eq!(world.memory.staged_count(), 0);
    assert_eq!(world.memory.taken().len(), 1);
}

#[tokio::test]
async fn a_repeat_after_a_refusal_brings_the_password_and_one_after_the_success_brings_it_once() {
    let world = World::open().await;
    let (status, _) = world.register("key", &ada(&["clerk"])).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let clerk = json!({"code": "clerk", "name": "Clerk", "permissions": ["invoice.get_all"]});
    let (status, role) = world.send(("POST", "/roles"), "role", &clerk).await;
    assert_eq!(status, StatusCode::CREATED, "{role}");

    let (status, created) = world.register("key", &ada(&["clerk"])).await;
    assert_eq!(status, StatusCode::CREATED, "{created}");
    let user = created["id"].as_str().unwrap();
    let taken = world.memory.taken();
    assert_eq!((taken.len(), taken[0].0.to_string().as_str()), (1, user));
    let again = world.register("key", &ada(&["clerk"])).await;
    assert_eq!(again, (StatusCode::CREATED, created));
    assert_eq!(world.memory.taken(), taken);
    assert_eq!(world.memory.staged_count(), 0);
}

#[tokio::test]
async fn a_refused_request_leaves_the_hash_to_its_twin_that_may_still_commit() {
    let world = World::open().await;
    world.memory.twins.store(1, Ordering::SeqCst);
    let (status, _) = world.register("key", &ada(&["clerk"])).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(world.memory.staged_count(), 1);

    world.memory.twins.store(0, Ordering::SeqCst);
    let (status, _) = world.register("another key", &ada(&["clerk"])).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(world.memory.staged_count(), 1);
}

#[tokio::test]
async fn a_refused_repeat_with_another_password_leaves_the_first_ones_alone() {
    let world = World::open().await;
    let (status, _) = world.register("key", &ada(&[])).await;
    assert_eq!(status, StatusCode::CREATED);
    let taken = world.memory.taken();
    let mut other = ada(&[]);
    other["password"] = "another long password".into();
    let (status, _) = world.register("key", &other).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.memory.taken(), taken);
    assert_eq!(world.memory.staged_count(), 0);
}

#[tokio::test]
async fn a_password_that_an_outage_left_behind_does_not_replace_a_later_one() {
    let world = World::open().await;
    let user = world.somebody().await;
    let is_down = &world.memory.provider_is_down;
    is_down.store(true, Ordering::SeqCst);
    world.set_password(&user, "one", "the first password").await;
    is_down.store(false, Ordering::SeqCst);
    assert_eq!(world.memory.staged_count(), 1);
    world
        .set_password(&user, "two", "the second password")
        .await;
    assert_eq!(world.password_in_the_end().await, "the second password");
    world.set_password(&user, "one", "the first password").await;
    assert_eq!(world.password_in_the_end().await, "the second password");
}

/// The slow twin is about to stage what has been overtaken while it slept.
#[tokio::test]
async fn a_twin_that_comes_late_does_not_bring_an_overtaken_password_back() {
    let world = World::open().await;
    let user = world.somebody().await;
    let (twin_is_there, release) = world.memory.pause_before_a_turn();
    let twin = world.set_password(&user, "one", "the first password");
    let meanwhile = async {
        twin_is_there.await.unwrap();
        let is_down = &world.memory.provider_is_down;
        is_down.store(true, Ordering::SeqCst);
        world.set_password(&user, "one", "the first password").await;
        is_down.store(false, Ordering::SeqCst);
        world
            .set_password(&user, "two", "the second password")
            .await;
        release.send(()).unwrap();
    };
    tokio::join!(twin, meanwhile);
    assert_eq!(world.password_in_the_end().await, "the second password");
}
