//! A Keycloak that is not there, hangs, or says no: told by a socket, since a real one says so only
//! by accident.

use invoiceapp_domain::ids::UserId;
use invoiceapp_identity::{AccountError, RealmSettings, SyncError};
use invoiceapp_runtime::JobState;
use rstest::rstest;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::world::World;

fn settings(address: &str) -> RealmSettings {
    RealmSettings {
        base_url: address.to_owned(),
        realm: "invoiceapp".to_owned(),
        client: "invoiceapp-admin".to_owned(),
        client_secret: "secret-canary".into(),
    }
}

/// Answers every request with a status and a body that must never be repeated.
async fn answering(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).await;
            let body = r#"{"errorMessage": "body-canary"}"#;
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

/// An address where nobody listens any more.
async fn nobody_there() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_keycloak_that_is_not_there_is_waited_for_however_long_it_takes() {
    let world = World::open(&settings(&nobody_there().await)).await;
    world.register("default", "ada@example.com", &[]).await;
    for _ in 0..12 {
        world.work().await;
    }
    let jobs = world.jobs().await;
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].state, JobState::Planned);
    assert!(!format!("{jobs:?}").contains("canary"));
}

#[rstest]
#[case::failing("500 Internal Server Error", JobState::Planned)]
#[case::starting("503 Service Unavailable", JobState::Planned)]
#[case::overloaded("429 Too Many Requests", JobState::Planned)]
#[case::of_other_secrets("401 Unauthorized", JobState::Planned)]
#[case::of_other_rights("403 Forbidden", JobState::Planned)]
#[case::refusing("400 Bad Request", JobState::Parked)]
#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_cannot_is_parked(
    #[case] status: &'static str,
    #[case] expected: JobState,
) {
    let world = World::open(&settings(&answering(status).await)).await;
    world.register("default", "ada@example.com", &[]).await;
    for _ in 0..8 {
        world.work().await;
    }
    let jobs = world.jobs().await;
    assert_eq!(jobs[0].state, expected, "{jobs:?}");
    assert!(!format!("{jobs:?}").contains("canary"));
}

#[tokio::test]
async fn a_password_that_cannot_be_handed_over_is_an_error_without_words_of_its_own() {
    let address = answering("400 Bad Request").await;
    let world = World::open(&settings(&address)).await;
    let ada = world.register("default", "ada@example.com", &[]).await;
    let user: UserId = ada.key.parse().unwrap();
    let good = SecretString::from("$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAAA");
    let error = world
        .sync
        .set_password(&ada.tenant, user, &good)
        .await
        .unwrap_err();
    let SyncError::Account(AccountError::Refused { status: 400 }) = error else {
        panic!("{error:?}");
    };
    let no_hash = SecretString::from("password-canary");
    let set = world.sync.set_password(&ada.tenant, user, &no_hash).await;
    let error = set.unwrap_err();
    assert!(matches!(error, SyncError::Hash(_)));
    assert!(!format!("{error:?} {error}").contains("canary"));
    let stranger = UserId(uuid::Uuid::nil());
    let set = world.sync.set_password(&ada.tenant, stranger, &good).await;
    assert!(matches!(set, Err(SyncError::NoSuchUser)));
}
