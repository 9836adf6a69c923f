//! The adapter for S3 against a real server: the port's suite, object lock, and servers that are not
//! there.

use bytes::Bytes;
use invoiceapp_objects::{ObjectError, ObjectKey, Objects, Put, S3Objects, S3Options, conformance};
use invoiceapp_parts as parts;
use jiff::civil::date;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{
    HttpClient, HttpConnector, HttpRequest, HttpRequestBody, ReqwestConnector,
};
use object_store::path::Path;
use object_store::signer::{SignedUrlOptions, Signer};
use object_store::{Attribute, ClientOptions, ObjectStoreExt, PutPayload};
use secrecy::{ExposeSecret, SecretString};

use crate::tenant;

/// Somebody else with the keys to the bucket.
struct Stranger {
    store: AmazonS3,
    http: HttpClient,
}

impl Stranger {
    fn new(options: &S3Options) -> Self {
        let client = ClientOptions::new().with_allow_http(true);
        let store = AmazonS3Builder::new()
            .with_endpoint(&options.endpoint)
            .with_region(&options.region)
            .with_bucket_name(&options.bucket)
            .with_access_key_id(&options.access_key_id)
            .with_secret_access_key(options.secret_access_key.expose_secret())
            .with_client_options(client.clone())
            .build()
            .unwrap();
        let http = ReqwestConnector::default().connect(&client).unwrap();
        Self { store, http }
    }

    /// Deletes one version for good. Returns the server's status.
    async fn delete(&self, path: &Path, version: &str) -> u16 {
        let query = SignedUrlOptions::default().with_query([("versionId", version)]);
        let valid = std::time::Duration::from_secs(60);
        let url = self
            .store
            .signed_url_opts("DELETE".parse().unwrap(), path, valid, &query)
            .await
            .unwrap();
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = "DELETE".parse().unwrap();
        *request.uri_mut() = url.as_str().parse().unwrap();
        self.http.execute(request).await.unwrap().status().as_u16()
    }
}

/// A folder of the stack's bucket that no other test uses.
fn options() -> S3Options {
    let s3 = parts::s3();
    S3Options {
        endpoint: s3.endpoint,
        region: "us-east-1".to_owned(),
        bucket: s3.bucket,
        prefix: Some(parts::unique("objects")),
        access_key_id: s3.access_key_id,
        secret_access_key: SecretString::from(s3.secret_access_key),
    }
}

fn assert_unavailable<T: std::fmt::Debug>(answer: Result<T, ObjectError>) {
    assert!(
        matches!(answer, Err(ObjectError::Unavailable(_))),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: S3"]
async fn a_bucket_conforms_to_the_port() {
    conformance::all(&S3Objects::new(&options()).unwrap()).await;
}

#[tokio::test]
#[ignore = "wants the stack: S3"]
async fn another_process_finds_the_objects() {
    let options = options();
    let bytes = Bytes::from_static(b"durable");
    let first = S3Objects::new(&options).unwrap();
    let (key, _) = first
        .put_if_absent(&tenant(), "media", bytes.clone())
        .await
        .unwrap();
    let second = S3Objects::new(&options).unwrap();
    assert_eq!(second.get(&key).await.unwrap(), Some(bytes));
}

#[tokio::test]
#[ignore = "wants the stack: S3"]
async fn objects_of_one_prefix_are_nothing_in_another() {
    let (ours, theirs) = (options(), options());
    let bytes = Bytes::from_static(b"ours");
    let (key, _) = S3Objects::new(&ours)
        .unwrap()
        .put_if_absent(&tenant(), "media", bytes)
        .await
        .unwrap();
    let theirs = S3Objects::new(&theirs).unwrap();
    assert_eq!(theirs.get(&key).await.unwrap(), None);
}

#[tokio::test]
#[ignore = "wants the stack: S3"]
async fn nobody_can_remove_or_free_an_archived_object_before_its_date() {
    let options = options();
    let objects = S3Objects::new(&options).unwrap();
    let bytes = Bytes::from_static(b"%PDF-1.7 kept");
    let (key, _) = objects
        .archive(&tenant(), "archive", bytes.clone(), date(2036, 12, 31))
        .await
        .unwrap();

    // Any other client, with every right that our own has.
    let stranger = Stranger::new(&options);
    let path = Path::from(format!("{}/{key}", options.prefix.clone().unwrap()));
    let found = stranger.store.head(&path).await.unwrap();
    let version = found.version.unwrap();
    assert_eq!(stranger.delete(&path, &version).await, 403);

    assert_eq!(objects.get(&key).await.unwrap(), Some(bytes));
    assert_eq!(
        objects.retained_until(&key).await.unwrap(),
        Some(date(2036, 12, 31))
    );

    // The same request takes away what is not archived, so it was the lock that refused.
    let bytes = Bytes::from_static(b"not archived");
    let (key, _) = objects
        .put_if_absent(&tenant(), "media", bytes)
        .await
        .unwrap();
    let path = Path::from(format!("{}/{key}", options.prefix.unwrap()));
    let version = stranger.store.head(&path).await.unwrap().version.unwrap();
    assert_eq!(stranger.delete(&path, &version).await, 204);
    assert_eq!(objects.get(&key).await.unwrap(), None);
}

#[tokio::test]
#[ignore = "wants the stack: S3"]
async fn an_object_says_what_it_is_and_damage_is_put_right() {
    let options = options();
    let objects = S3Objects::new(&options).unwrap();
    let bytes = Bytes::from_static(b"%PDF-1.7 honest");
    let (key, _) = objects
        .put_if_absent(&tenant(), "renderings", bytes.clone())
        .await
        .unwrap();
    let stranger = Stranger::new(&options);
    let path = Path::from(format!("{}/{key}", options.prefix.unwrap()));
    let found = stranger.store.get(&path).await.unwrap();
    let content_type = found.attributes.get(&Attribute::ContentType).unwrap();
    assert_eq!(content_type.as_ref(), "application/pdf");

    let forged = PutPayload::from_static(b"%PDF-1.7 forged");
    stranger.store.put(&path, forged).await.unwrap();
    let got = objects.get(&key).await;
    assert!(matches!(got, Err(ObjectError::Damaged { .. })), "{got:?}");
    let (_, put) = objects
        .put_if_absent(&tenant(), "renderings", bytes.clone())
        .await
        .unwrap();
    assert_eq!(put, Put::Stored);
    assert_eq!(objects.get(&key).await.unwrap(), Some(bytes));
}

#[tokio::test]
#[ignore = "wants the stack: S3"]
async fn a_wrong_secret_is_an_outage_and_is_said_nowhere() {
    let options = S3Options {
        secret_access_key: SecretString::from("not the secret"),
        ..options()
    };
    let objects = S3Objects::new(&options).unwrap();
    let refused = objects.check().await.unwrap_err();
    let said = format!("{refused:?} {options:?} {objects:?}");
    assert!(!said.contains("not the secret"), "{said}");
    assert_unavailable::<()>(Err(refused));
}

#[tokio::test]
#[ignore = "wants the stack: S3"]
async fn a_bucket_that_is_not_there_is_an_outage_and_no_missing_object() {
    let options = S3Options {
        bucket: parts::unique("none").replace('_', "-"),
        ..options()
    };
    let objects = S3Objects::new(&options).unwrap();
    let key = ObjectKey::of(&tenant(), "media", b"anything");
    assert_unavailable(objects.get(&key).await);
    assert_unavailable(objects.check().await);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_outage() {
    // A port that was free a moment ago, and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port();
    let options = S3Options {
        endpoint: format!("http://127.0.0.1:{port}"),
        region: "us-east-1".to_owned(),
        bucket: "bucket".to_owned(),
        prefix: None,
        access_key_id: "nobody".to_owned(),
        secret_access_key: SecretString::from("nothing"),
    };
    let objects = S3Objects::new(&options).unwrap();
    let bytes = Bytes::from_static(b"bytes");
    assert_unavailable(
        objects
            .put_if_absent(&tenant(), "media", bytes.clone())
            .await,
    );
    let key = ObjectKey::of(&tenant(), "media", &bytes);
    assert_unavailable(objects.get(&key).await);
    assert_unavailable(objects.retained_until(&key).await);
}

#[test]
fn a_prefix_that_is_no_folder_is_refused() {
    for prefix in ["", "a/b", "..", "A", "é"] {
        let options = S3Options {
            endpoint: "http://127.0.0.1:1".to_owned(),
            region: "us-east-1".to_owned(),
            bucket: "bucket".to_owned(),
            prefix: Some(prefix.to_owned()),
            access_key_id: String::new(),
            secret_access_key: SecretString::from(""),
        };
        let made = S3Objects::new(&options);
        assert!(matches!(made, Err(ObjectError::MalformedKey)), "{prefix}");
    }
}
