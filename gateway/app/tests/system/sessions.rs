//! Who am I, until I log out.

use rstest::rstest;
use serde_json::json;

use crate::api::{Client, id};
use crate::system::{System, Way};

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn a_logout_ends_the_access_token_where_it_is_asked_who_one_is(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let other = Client::admin(&server).await;
    admin.get("/auth/me").await.expect(200);
    admin.post("/auth/logout", json!({})).await.expect(204);
    let gone = admin.get("/auth/me").await;
    gone.expect_problem(401, "unauthenticated");
    other.get("/auth/me").await.expect(200);
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn who_brings_the_token_of_a_change_sees_it_in_their_own_rights(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let me = admin.get("/auth/me").await.expect(200);
    let role = format!("/users/{}/roles/accountant", id(&me["user"]));
    for roles in [
        json!(["accountant", "administrator"]),
        json!(["administrator"]),
    ] {
        let changed = match roles.as_array().map(Vec::len) {
            Some(1) => admin.delete(&role).await,
            _ => admin.put(&role, json!({})).await,
        };
        let position = changed.header("consistency-token").to_owned();
        changed.expect(200);
        let me = admin.get_after("/auth/me", &position).await.expect(200);
        assert_eq!(me["roles"], roles);
    }
    let unknown = admin.get("/auth/me?verbose=1").await;
    unknown.expect_problem(400, "unknown_field");
}
