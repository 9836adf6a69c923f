//! Who may do what: tokens, roles, tenants.

use std::time::{Duration, Instant};

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{Answer, Client, draft, id, organization};
use crate::binary::ADMIN_PASSWORD;
use crate::system::{System, Way};

const PASSWORD: &str = "a long enough password";
/// How soon a role that was taken away stops working. Between processes that takes less than a second,
/// too, but not on a machine that does ten other things.
const fn revocation_max(way: Way) -> Duration {
    match way {
        Way::Embedded => Duration::from_secs(1),
        Way::Full => Duration::from_secs(10),
    }
}

async fn user_with_roles(server: &System, admin: &Client, name: &str, roles: &[&str]) -> Client {
    let email = &server.address(name);
    let body = json!({
        "email": email, "first_name": "Ada", "last_name": "Byron",
        "password": PASSWORD, "roles": roles
    });
    let created = admin.post("/users", body).await;
    let token = created.header("consistency-token").to_owned();
    let user = created.expect(201);
    admin
        .get_after(&format!("/users/{}", id(&user)), &token)
        .await
        .expect(200);
    Client::login(server, email, PASSWORD).await
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn an_accountant_reads_and_changes_nothing(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let invoice = admin.post("/invoices", draft()).await.expect(201);
    let path = format!("/invoices/{}", id(&invoice));
    let accountant = user_with_roles(&server, &admin, "ada", &["accountant"]).await;
    accountant.get(&path).await.expect(200);
    accountant.get("/products").await.expect(200);
    for (answer, permission) in [
        (
            accountant.post("/invoices", draft()).await,
            "invoice.create",
        ),
        (
            accountant.post(&format!("{path}/issue"), json!({})).await,
            "invoice.issue",
        ),
        (
            accountant.post(&format!("{path}/send"), json!({})).await,
            "invoice.send",
        ),
        (
            accountant.put("/organization", organization()).await,
            "tenant.manage",
        ),
        (accountant.get("/users").await, "user.get_all"),
        (accountant.get("/dashboard").await, "report.read"),
    ] {
        let problem = answer.expect_problem(403, "permission_denied");
        assert!(
            problem.to_string().contains(permission),
            "{permission}: {problem}"
        );
    }
    let me = accountant.get("/auth/me").await.expect(200);
    let granted = me["permissions"].as_array().unwrap();
    assert_eq!(granted.len(), 6, "{granted:?}");
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn a_revoked_role_and_a_disabled_user_soon_stop_working(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let user = user_with_roles(&server, &admin, "ada", &["administrator"]).await;
    let me = user.get("/auth/me").await.expect(200);
    let user_id = me["user"]["id"]
        .as_str()
        .or(me["id"].as_str())
        .unwrap()
        .to_owned();
    user.post("/invoices", draft()).await.expect(201);
    admin
        .delete(&format!("/users/{user_id}/roles/administrator"))
        .await
        .expect(200);
    let revoked = Instant::now();
    while user.post("/invoices", draft()).await.status != 403 {
        assert!(
            revoked.elapsed() < revocation_max(way),
            "the role still works"
        );
    }
    admin
        .put(&format!("/users/{user_id}/roles/accountant"), json!({}))
        .await
        .expect(200);
    user.eventually("/invoices", |answer| answer.status == 200)
        .await;
    admin.delete(&format!("/users/{user_id}")).await.expect(204);
    let disabled = Instant::now();
    while user.get("/invoices").await.status != 401 {
        assert!(
            disabled.elapsed() < revocation_max(way),
            "the user still works"
        );
    }
    Client::anonymous(&server)
        .try_login(&server.address("ada"), PASSWORD)
        .await
        .expect_problem(401, "unauthenticated");
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn the_last_administrator_stays_one(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let me = admin.get("/auth/me").await.expect(200);
    let admin_id = me["user"]["id"]
        .as_str()
        .or(me["id"].as_str())
        .unwrap()
        .to_owned();
    let role = format!("/users/{admin_id}/roles/administrator");
    admin
        .delete(&role)
        .await
        .expect_problem(409, "last_administrator");
    admin
        .delete(&format!("/users/{admin_id}"))
        .await
        .expect_problem(409, "last_administrator");
    user_with_roles(&server, &admin, "second", &["administrator"]).await;
    admin.delete(&role).await.expect(200);
    let second = Client::login(&server, &server.address("second"), PASSWORD).await;
    let first_again = admin.get("/auth/me").await;
    assert_eq!(first_again.status, 200);
    second.get("/users").await.expect(200);
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn roles_are_lists_of_permissions_and_system_roles_are_read_only(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let billing = json!({"code": "billing_clerk", "name": "Billing", "permissions": ["invoice.create", "invoice.get_by_id"]});
    admin.post("/roles", billing.clone()).await.expect(201);
    assert_eq!(admin.post("/roles", billing).await.status, 409);
    let clerk = user_with_roles(&server, &admin, "clerk", &["billing_clerk"]).await;
    let created = clerk.post("/invoices", draft()).await;
    let token = created.header("consistency-token").to_owned();
    let path = format!("/invoices/{}", id(&created.expect(201)));
    clerk.get_after(&path, &token).await.expect(200);
    clerk
        .get("/invoices")
        .await
        .expect_problem(403, "permission_denied");
    let wider = json!({"permissions": ["invoice.create", "invoice.get_by_id", "invoice.get_all"]});
    admin.patch("/roles/billing_clerk", wider).await.expect(200);
    clerk
        .eventually("/invoices", |answer| answer.status == 200)
        .await;
    let accountant = admin.get("/roles/accountant").await.expect(200);
    assert_eq!(accountant["permissions"].as_array().unwrap().len(), 6);
    let change = json!({"permissions": ["invoice.create"]});
    admin
        .patch("/roles/accountant", change)
        .await
        .expect_problem(409, "system_role");
    admin
        .delete("/roles/administrator")
        .await
        .expect_problem(409, "system_role");
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn nobody_gives_what_they_do_not_have(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let rights = ["user.create", "user.update", "role.create", "role.update"];
    let manager = json!({"code": "manager", "name": "Manager", "permissions": rights});
    admin.post("/roles", manager).await.expect(201);
    let manager = user_with_roles(&server, &admin, "manager", &["manager"]).await;
    let me = manager.get("/auth/me").await.expect(200);
    let administrator = admin.get("/auth/me").await.expect(200);
    let denied = |answer: Answer| answer.expect_problem(403, "permission_denied");
    for user in [&me, &administrator] {
        let path = format!("/users/{}/roles/administrator", id(&user["user"]));
        denied(manager.put(&path, json!({})).await);
    }
    let password = json!({"password": "of the manager's choice"});
    let path = format!("/users/{}", id(&administrator["user"]));
    denied(manager.patch(&path, password.clone()).await);
    let wider = json!({"permissions": ["user.create", "invoice.issue"]});
    denied(manager.patch("/roles/manager", wider.clone()).await);
    let mut role = wider;
    (role["code"], role["name"]) = (json!("wider"), json!("Wider"));
    denied(manager.post("/roles", role).await);
    let mut user = json!({
        "email": server.address("deputy"), "first_name": "Dep", "last_name": "Uty",
        "password": PASSWORD, "roles": ["administrator"]
    });
    denied(manager.post("/users", user.clone()).await);
    // What they have, they may give; and their own password is theirs.
    user["roles"] = json!(["manager"]);
    let deputy = manager.post("/users", user).await.expect(201);
    let path = format!("/users/{}", id(&deputy));
    manager.patch(&path, password.clone()).await.expect(200);
    let path = format!("/users/{}", id(&me["user"]));
    manager.patch(&path, password).await.expect(200);
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn credentials_are_checked_and_refresh_tokens_rotate(#[case] way: Way) {
    let server = System::start(way).await;
    let anonymous = Client::anonymous(&server);
    anonymous
        .get("/invoices")
        .await
        .expect_problem(401, "unauthenticated");
    anonymous
        .with_token("not.a.token")
        .get("/invoices")
        .await
        .expect_problem(401, "unauthenticated");
    Client::admin(&server).await;
    let login = |password| {
        let (anonymous, admin) = (anonymous.clone(), server.address("admin"));
        async move { anonymous.try_login(&admin, password).await }
    };
    login("wrong").await.expect_problem(401, "unauthenticated");
    let tokens = login(ADMIN_PASSWORD).await.expect(200);
    assert_eq!(tokens["token_type"], "Bearer");
    let refresh = |token: &Value| json!({"refresh_token": token});
    let rotated = anonymous
        .post("/auth/refresh", refresh(&tokens["refresh_token"]))
        .await
        .expect(200);
    anonymous
        .with_token(rotated["access_token"].as_str().unwrap())
        .get("/auth/me")
        .await
        .expect(200);
    // A rotated token that comes back means that somebody else has it: the whole family ends.
    anonymous
        .post("/auth/refresh", refresh(&tokens["refresh_token"]))
        .await
        .expect_problem(401, "unauthenticated");
    anonymous
        .post("/auth/refresh", refresh(&rotated["refresh_token"]))
        .await
        .expect_problem(401, "unauthenticated");
}

/// The problem without what tells one request from another.
fn anonymised(mut problem: Value) -> Value {
    let members = problem.as_object_mut().unwrap();
    members.remove("trace_id");
    members.remove("instance");
    problem
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn a_foreign_id_looks_like_an_unknown_one(#[case] way: Way) {
    let (server, rival) = System::start_with_rival(way).await;
    let admin = Client::admin(&server).await;
    let rival = Client::admin(&rival).await;
    let created = admin.post("/invoices", draft()).await;
    let token = created.header("consistency-token").to_owned();
    let foreign = format!("/invoices/{}", id(&created.expect(201)));
    let unknown = "/invoices/01890000-0000-7000-8000-000000000000";
    for (method, suffix) in [
        (Method::GET, ""),
        (Method::GET, "/pdf"),
        (Method::GET, "/history"),
        (Method::POST, "/issue"),
        (Method::POST, "/send"),
        (Method::POST, "/discard"),
        (
            Method::DELETE,
            "/lines/01890000-0000-7000-8000-000000000000",
        ),
    ] {
        let send = |path: &str| {
            let request = rival.request(method.clone(), &format!("{path}{suffix}"));
            let request = request.header("Consistency-Token", &token);
            let has_body = method == Method::POST;
            rival.send(if has_body {
                request.json(&json!({}))
            } else {
                request
            })
        };
        let of_foreign = send(&foreign).await.expect_problem(404, "not_found");
        let of_unknown = send(unknown).await.expect_problem(404, "not_found");
        assert_eq!(
            anonymised(of_foreign),
            anonymised(of_unknown),
            "{method} {suffix}"
        );
    }
    assert_eq!(
        rival.get("/invoices?count=true").await.expect(200)["total"],
        0
    );
    rival.put("/organization", organization()).await.expect(200);
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn an_administrator_gives_a_user_another_password(#[case] way: Way) {
    const ANOTHER: &str = "yet another password";
    let server = System::start(way).await;
    let ada = server.address("ada");
    let admin = Client::admin(&server).await;
    let user = user_with_roles(&server, &admin, "ada", &[]).await;
    let me = user.get("/auth/me").await.expect(200);
    let path = format!("/users/{}", id(&me["user"]));
    let patch = |key: &'static str, body: Value| {
        let request = admin.request(Method::PATCH, &path);
        admin.send(request.header("Idempotency-Key", key).json(&body))
    };
    let short = patch("short", json!({"password": "1234567"})).await;
    short.expect_problem(400, "invalid_value");
    let stale = admin
        .request(Method::PATCH, &path)
        .header("If-Match", "\"9\"");
    let stale = admin.send(stale.json(&json!({"password": ANOTHER}))).await;
    stale.expect_problem(412, "version_mismatch");
    // What was refused had no effect.
    user.get("/auth/me").await.expect(200);
    let anonymous = Client::anonymous(&server);
    let tokens = anonymous.try_login(&ada, PASSWORD).await.expect(200);

    let changed = patch("first", json!({"password": ANOTHER})).await;
    assert!(!changed.expect(200).to_string().contains(ANOTHER));
    Client::login(&server, &ada, ANOTHER).await;
    let old_password = anonymous.try_login(&ada, PASSWORD).await;
    old_password.expect_problem(401, "unauthenticated");
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    let old_session = anonymous.post("/auth/refresh", refresh).await;
    old_session.expect_problem(401, "unauthenticated");

    // A repeat gets the first answer and brings nothing back; the key is not good for another.
    let last = json!({"password": "the last password", "first_name": "Augusta"});
    assert_eq!(
        patch("last", last).await.expect(200)["first_name"],
        "Augusta"
    );
    let repeated = patch("first", json!({"password": ANOTHER})).await;
    assert_eq!(repeated.header("idempotency-replayed"), "true");
    repeated.expect(200);
    let reused = patch("first", json!({"password": "something else"})).await;
    reused.expect_problem(422, "idempotency_key_reused");
    Client::login(&server, &ada, "the last password").await;
}

/// Keycloak's tokens are believed for the five minutes that they live, in every process.
#[tokio::test]
async fn a_token_of_before_another_password_ends_at_once_where_one_process_knows_all_sessions() {
    let server = System::start(Way::Embedded).await;
    let admin = Client::admin(&server).await;
    let user = user_with_roles(&server, &admin, "ada", &[]).await;
    let me = user.get("/auth/me").await.expect(200);
    let path = format!("/users/{}", id(&me["user"]));
    let another = json!({"password": "yet another password"});
    admin.patch(&path, another).await.expect(200);
    user.get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn a_role_that_a_user_has_is_given_again_without_an_event(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let user = user_with_roles(&server, &admin, "ada", &["accountant"]).await;
    let me = user.get("/auth/me").await.expect(200);
    let path = format!("/users/{}/roles/accountant", id(&me["user"]));
    let before = admin
        .get(&format!("/users/{}", id(&me["user"])))
        .await
        .expect(200);
    let send = admin.request(Method::PUT, &path);
    let after = admin.send(send).await.expect(200);
    assert_eq!(after["version"], before["version"]);
    assert_eq!(after["roles"], json!(["accountant"]));
}
