//! A command is done once, however often it is sent.

use reqwest::Method;
use rstest::rstest;
use serde_json::json;

use crate::api::{Client, draft, fresh_key, id, organization};
use crate::system::{System, Way};

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn fifty_equal_commands_at_once_have_one_effect_and_one_answer(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let key = fresh_key();
    let sends = (0..50).map(|_| {
        let request = admin
            .request(Method::POST, "/invoices")
            .header("Idempotency-Key", &key);
        admin.send(request.json(&draft()))
    });
    let answers = futures::future::join_all(sends).await;
    let first = &answers[0];
    for answer in &answers {
        assert_eq!(
            answer.status,
            201,
            "{}",
            String::from_utf8_lossy(&answer.bytes)
        );
        assert_eq!(answer.bytes, first.bytes);
        assert_eq!(answer.header("etag"), first.header("etag"));
    }
    let replayed = answers
        .iter()
        .filter(|answer| answer.header("idempotency-replayed") == "true")
        .count();
    assert_eq!(replayed, 49);
    let token = first.header("consistency-token");
    let list = admin
        .get_after("/invoices?count=true", token)
        .await
        .expect(200);
    assert_eq!(list["total"], 1);
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn a_key_answers_the_same_whatever_came_since_and_refuses_another_body(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    admin.put("/organization", organization()).await.expect(200);
    let key = fresh_key();
    let create = |body| {
        let request = admin
            .request(Method::POST, "/invoices")
            .header("Idempotency-Key", &key);
        admin.send(request.json(&body))
    };
    let first = create(draft()).await;
    let path = format!("/invoices/{}", id(&first.json()));
    admin
        .patch(&path, json!({"note": "changed since"}))
        .await
        .expect(200);
    admin
        .post(&format!("{path}/issue"), json!({}))
        .await
        .expect(200);
    let again = create(draft()).await;
    assert_eq!(
        again.bytes, first.bytes,
        "the first answer, not today's state"
    );
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let mut other = draft();
    other["note"] = json!("another");
    create(other)
        .await
        .expect_problem(422, "idempotency_key_reused");
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn if_match_guards_a_command(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let created = admin.post("/invoices", draft()).await;
    let version = created.header("etag").to_owned();
    let path = format!("/invoices/{}", id(&created.json()));
    let patch = |version: &str, note: &str| {
        let request = admin
            .request(Method::PATCH, &path)
            .header("If-Match", version);
        admin.send(request.json(&json!({"note": note})))
    };
    let changed = patch(&version, "first").await;
    assert_eq!(changed.status, 200);
    patch(&version, "second")
        .await
        .expect_problem(412, "version_mismatch");
    let malformed = patch("1", "third").await;
    assert_eq!(malformed.status, 400);
    let newest = changed.header("etag");
    assert_eq!(patch(newest, "fourth").await.expect(200)["note"], "fourth");
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn a_client_that_hangs_up_changes_nothing(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    for round in 0..20 {
        let key = fresh_key();
        let request = |timeout| {
            let request = admin
                .request(Method::POST, "/invoices")
                .header("Idempotency-Key", &key);
            request.timeout(timeout).json(&draft())
        };
        let hurried = std::time::Duration::from_micros(300 * round);
        let _ = request(hurried).send().await;
        let answer = admin.send(request(crate::api::EVENTUALLY)).await;
        assert_eq!(answer.status, 201);
        let path = format!("/invoices/{}", id(&answer.json()));
        let token = answer.header("consistency-token");
        assert_eq!(
            admin.get_after(&path, token).await.expect(200)["version"],
            1
        );
    }
    let list = admin.get("/invoices?count=true").await.expect(200);
    assert_eq!(list["total"], 20);
}
