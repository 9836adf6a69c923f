//! The registry, as it is.

use std::sync::Arc;

use apache_avro::types::Value;
use invoiceapp_avro::{
    Catalog, Codec, CodecError, Registry, RegistryError, Topics, golden_corpus, register,
};
use schema_registry_converter::async_impl::avro::AvroDecoder;
use schema_registry_converter::async_impl::schema_registry::SrSettings;
use serde_json::{Value as Json, json};

async fn registered() -> (Codec, Topics) {
    let topics = Topics::new(invoiceapp_parts::unique("avro"));
    let catalog = Catalog::compiled().unwrap();
    let registry = Registry::new(&invoiceapp_parts::registry_url()).unwrap();
    let first = register(&registry, &catalog, &topics).await.unwrap();
    let again = register(&registry, &catalog, &topics).await.unwrap();
    assert_eq!(first, again, "registering again changes nothing");
    (
        Codec::new(catalog, Arc::new(registry), topics.clone()),
        topics,
    )
}

async fn ask(method: reqwest::Method, path: &str, body: &Json) -> (u16, String) {
    let url = format!("{}/{path}", invoiceapp_parts::registry_url());
    let request = reqwest::Client::new().request(method, url).json(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
#[ignore = "wants the stack: schema registry"]
async fn what_is_encoded_with_the_ids_of_the_registry_is_decoded_with_them() {
    let (codec, _) = registered().await;
    for sample in golden_corpus().unwrap() {
        let (value, _) = codec.encode(&sample.event).await.unwrap();
        let decoded = codec.decode(&value).await.unwrap();
        assert_eq!(decoded.payload_json, sample.event.payload_json);
    }
}

#[tokio::test]
#[ignore = "wants the stack: schema registry"]
async fn a_client_that_we_did_not_write_decodes_our_values() {
    let (codec, _) = registered().await;
    let decoder = AvroDecoder::new(SrSettings::new(invoiceapp_parts::registry_url()));
    for sample in golden_corpus().unwrap() {
        let (value, _) = codec.encode(&sample.event).await.unwrap();
        let decoded = decoder.decode(Some(&value)).await.unwrap();
        let name = decoded.name.unwrap().fullname(None).to_string();
        assert!(name.ends_with(&sample.event.event_type), "{name}");
        assert!(matches!(decoded.value, Value::Record(_)));
    }
}

#[tokio::test]
#[ignore = "wants the stack: schema registry"]
async fn the_registry_refuses_an_incompatible_change() {
    let (_, topics) = registered().await;
    let catalog = Catalog::compiled().unwrap();
    let schema = catalog
        .of(invoiceapp_domain::StreamKind::User, "UserRenamed", 1)
        .unwrap();
    let subject = topics.subject(schema.topic(), &schema.full_name);
    let (_, level) = ask(
        reqwest::Method::GET,
        &format!("config/{subject}"),
        &json!({}),
    )
    .await;
    assert!(level.contains("FULL_TRANSITIVE"), "{level}");
    let changed = |text: String| json!({ "schema": text });
    let mut broken: Json = serde_json::from_str(schema.text).unwrap();
    broken["fields"][0]["type"] = json!("long");
    let path = format!("subjects/{subject}/versions");
    let (status, answer) = ask(reqwest::Method::POST, &path, &changed(broken.to_string())).await;
    assert_eq!(status, 409, "{answer}");
    let mut added: Json = serde_json::from_str(schema.text).unwrap();
    let field = json!({ "name": "title", "type": ["null", "string"], "default": null });
    added["fields"].as_array_mut().unwrap().push(field);
    let (status, answer) = ask(reqwest::Method::POST, &path, &changed(added.to_string())).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
#[ignore = "wants the stack: schema registry"]
async fn nothing_is_registered_by_encoding() {
    let topics = Topics::new(invoiceapp_parts::unique("avro"));
    let registry = Registry::new(&invoiceapp_parts::registry_url()).unwrap();
    let codec = Codec::new(Catalog::compiled().unwrap(), Arc::new(registry), topics);
    let sample = &golden_corpus().unwrap()[0];
    assert!(matches!(
        codec.encode(&sample.event).await,
        Err(CodecError::Registry(RegistryError::NotRegistered { .. }))
    ));
}

#[tokio::test]
#[ignore = "wants the stack: schema registry"]
async fn an_id_that_is_none_of_ours_is_refused() {
    let (codec, topics) = registered().await;
    let unknown = codec.decode(&[0, 0x7f, 0xff, 0xff, 0xff, 0]).await;
    assert!(matches!(
        unknown,
        Err(CodecError::Registry(RegistryError::UnknownSchema { .. }))
    ));
    let strange = json!({ "schema": "{\"type\":\"record\",\"name\":\"Strange\",\"fields\":[]}" });
    let path = format!("subjects/{}-Strange/versions", topics.relay());
    let (_, answer) = ask(reqwest::Method::POST, &path, &strange).await;
    let answer: Json = serde_json::from_str(&answer).unwrap();
    let id = u32::try_from(answer["id"].as_u64().unwrap()).unwrap();
    let mut value = vec![0];
    value.extend_from_slice(&id.to_be_bytes());
    assert!(matches!(
        codec.decode(&value).await,
        Err(CodecError::Registry(RegistryError::UnknownSchema { .. }))
    ));
    assert!(matches!(
        codec.decode(&[1, 2]).await,
        Err(CodecError::Frame)
    ));
}

#[tokio::test]
async fn a_registry_that_is_away_is_unavailable() {
    // Nobody listens on the port: it was bound and closed again.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let registry = Registry::new(&format!("http://name:secret@{address}")).unwrap();
    assert!(!format!("{registry:?}").contains("secret"));
    let catalog = Catalog::compiled().unwrap();
    let codec = Codec::new(catalog, Arc::new(registry), Topics::default());
    let sample = &golden_corpus().unwrap()[0];
    let error = codec.encode(&sample.event).await.unwrap_err();
    assert!(error.is_unavailable());
    assert!(!format!("{error:?}").contains("secret"));
    assert!(
        codec
            .decode(&[0, 0, 0, 0, 1])
            .await
            .unwrap_err()
            .is_unavailable()
    );
}
