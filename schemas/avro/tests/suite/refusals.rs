//! A registry that answers something else than what it was asked: nothing that it says then counts
//! against a value.

use std::sync::Arc;

use invoiceapp_avro::{Catalog, Codec, CodecError, Registry, RegistryError, Topics, golden_corpus};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A value with a schema id that a registry may have.
const VALUE: [u8; 5] = [0, 0, 0, 0, 7];
const UNKNOWN_ID: &str = r#"{"error_code":40403,"message":"Schema 7 not found."}"#;

/// A codec on a registry that gives these answers, one after the other, the last one for ever.
async fn codec(answers: &[(&str, &str)]) -> Codec {
    let answer = |(status, body): &(&str, &str)| {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
    };
    let answers: Vec<String> = answers.iter().map(answer).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut given = 0;
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answers.get(given).or(answers.last()).unwrap();
            given += 1;
            // A client that goes away is not this test's business.
            let _said = say(stream, answer).await;
        }
    });
    let registry = Registry::new(&format!("http://{address}")).unwrap();
    let catalog = Catalog::compiled().unwrap();
    Codec::new(catalog, Arc::new(registry), Topics::default())
}

/// Reads the head of a request, and says something.
async fn say(stream: TcpStream, answer: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 2 {
        line.clear();
    }
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

#[tokio::test]
async fn a_registry_that_lets_us_not_in_says_nothing_about_a_value() {
    for status in [
        "401 Unauthorized",
        "403 Forbidden",
        "302 Found",
        "308 Permanent Redirect",
        "400 Bad Request",
        "405 Method Not Allowed",
    ] {
        let codec = codec(&[(status, ""), ("404 Not Found", UNKNOWN_ID)]).await;
        let refused = codec.decode(&VALUE).await.unwrap_err();
        assert!(refused.is_unavailable(), "{status}: {refused}");
        // And what it said is not kept: it is asked again.
        let unknown = codec.decode(&VALUE).await.unwrap_err();
        assert!(!unknown.is_unavailable(), "{status}: {unknown}");
    }
}

#[tokio::test]
async fn only_the_registry_itself_can_say_that_an_id_is_unknown() {
    for body in [
        "",
        "<html>no such page</html>",
        "{}",
        r#"{"error_code":404,"message":"HTTP 404 Not Found"}"#,
        r#"{"error_code":40401,"message":"Subject not found."}"#,
    ] {
        let codec = codec(&[("404 Not Found", body)]).await;
        let refused = codec.decode(&VALUE).await.unwrap_err();
        assert!(refused.is_unavailable(), "{body}: {refused}");
    }
    let codec = codec(&[("404 Not Found", UNKNOWN_ID)]).await;
    let unknown = codec.decode(&VALUE).await.unwrap_err();
    assert!(matches!(
        unknown,
        CodecError::Registry(RegistryError::UnknownSchema { id: 7 })
    ));
}

#[tokio::test]
async fn an_id_that_no_registry_gives_is_unknown_whatever_one_would_say() {
    let codec = codec(&[("403 Forbidden", "")]).await;
    let unknown = codec.decode(&[0, 0x80, 0, 0, 0]).await.unwrap_err();
    assert!(matches!(
        unknown,
        CodecError::Registry(RegistryError::UnknownSchema { id: 0x8000_0000 })
    ));
}

#[tokio::test]
async fn an_event_waits_for_a_registry_that_lets_us_in() {
    let codec = codec(&[("401 Unauthorized", ""), ("200 OK", r#"{"id":7}"#)]).await;
    let event = &golden_corpus().unwrap()[0].event;
    let refused = codec.encode(event).await.unwrap_err();
    assert!(refused.is_unavailable(), "{refused}");
    let (_, id) = codec.encode(event).await.unwrap();
    assert_eq!(id, 7);
}
