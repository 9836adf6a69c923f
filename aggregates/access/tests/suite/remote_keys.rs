//! Keys over HTTP: what is taken from an answer, and that no answer hangs or hurts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use invoiceapp_access::{
    JWKS_BYTES_MAX, JwkSet, KeySet, KeySource, RemoteKeys, RemoteKeysError, TokenRefusal,
    init_crypto,
};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::fixture::{TestKey, World};

/// A socket that answers every request with the same bytes.
struct Answering {
    address: String,
    requests: Arc<AtomicUsize>,
}

impl Answering {
    async fn with(head: &str, body: &str) -> Self {
        let answer = format!(
            "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/certs", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 1_024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, requests }
    }

    async fn fetch(&self) -> Result<JwkSet, RemoteKeysError> {
        let keys = RemoteKeys::new(&self.address).unwrap().fetch().await;
        keys.map_err(|error| *error.0.downcast().unwrap())
    }
}

fn document(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

#[tokio::test]
async fn a_key_of_an_unknown_kind_does_not_take_the_others_away() {
    let strange = json!({"kty": "LATTICE", "kid": "pq-1", "pub": "AAAA"});
    let keys = [strange, json!("nonsense"), TestKey::rs256("rsa-1").jwk()];
    let server = Answering::with("200 OK", &document(&keys)).await;
    let set = server.fetch().await.unwrap();
    assert!(set.find("rsa-1").is_some());
}

#[tokio::test]
async fn a_verifier_on_remote_keys_accepts_what_they_signed_and_asks_once() {
    let world = World::new();
    let body = document(&[world.es256.jwk()]);
    let server = Answering::with("200 OK", &body).await;
    let source = Arc::new(RemoteKeys::new(&server.address).unwrap());
    let keys = KeySet::new(source, world.clock.clone());
    let verifier = world.verifier_on(&keys);
    assert!(verifier.verify(&world.good_token()).await.is_ok());
    for index in 0..10 {
        let stranger = TestKey::es256(&format!("flood-{index}"));
        let token = stranger.token(&stranger.header(), &crate::fixture::good_claims());
        let refusal = verifier.verify(&token).await.unwrap_err();
        assert_eq!(refusal, TokenRefusal::UnknownKey);
    }
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);
}

#[rstest]
#[case::no_json("200 OK", "<html>")]
#[case::no_keys("200 OK", "{}")]
#[case::no_key("200 OK", r#"{"keys": []}"#)]
#[case::keys_of_no_use("200 OK", r#"{"keys": [1, null, "x"]}"#)]
#[tokio::test]
async fn what_is_no_key_set_is_refused(#[case] head: &str, #[case] body: &str) {
    let error = Answering::with(head, body).await.fetch().await.unwrap_err();
    assert!(matches!(error, RemoteKeysError::Malformed), "{error:?}");
}

#[rstest]
#[case::redirect("302 Found\r\nlocation: http://127.0.0.1:1/certs")]
#[case::failure("500 Internal Server Error")]
#[case::not_found("404 Not Found")]
#[tokio::test]
async fn another_status_is_no_key_set_and_no_redirect_is_followed(#[case] head: &str) {
    let body = document(&[TestKey::rs256("rsa-1").jwk()]);
    let error = Answering::with(head, &body)
        .await
        .fetch()
        .await
        .unwrap_err();
    assert!(matches!(error, RemoteKeysError::Status(_)), "{error:?}");
}

#[tokio::test]
async fn an_answer_over_the_size_limit_is_refused() {
    let padding = "x".repeat(JWKS_BYTES_MAX);
    let body = format!("{{\"keys\": [], \"padding\": \"{padding}\"}}");
    let error = Answering::with("200 OK", &body)
        .await
        .fetch()
        .await
        .unwrap_err();
    assert!(matches!(error, RemoteKeysError::TooLarge), "{error:?}");
}

#[tokio::test]
async fn an_issuer_that_is_not_there_is_an_error() {
    init_crypto();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/certs", listener.local_addr().unwrap());
    drop(listener);
    let outcome = RemoteKeys::new(&address).unwrap().fetch().await;
    assert!(outcome.is_err());
}

#[rstest]
#[case("")]
#[case("certs")]
#[case("file:///etc/passwd")]
#[case("ftp://127.0.0.1/certs")]
fn an_address_that_is_not_of_http_is_refused(#[case] address: &str) {
    let error = RemoteKeys::new(address).unwrap_err();
    assert!(matches!(error, RemoteKeysError::Address));
}
