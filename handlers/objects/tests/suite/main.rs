//! The object store's adapters under the port's conformance suite, and what only a folder can show.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

mod s3;

use bytes::Bytes;
use invoiceapp_domain::TenantId;
use invoiceapp_objects::{FsObjects, ObjectError, ObjectKey, Objects, Put, conformance};
use jiff::civil::date;

pub(crate) fn tenant() -> TenantId {
    TenantId::parse("default").unwrap()
}

fn file_of(root: &std::path::Path, key: &ObjectKey) -> std::path::PathBuf {
    root.join(key.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_conforms_to_the_port() {
    let root = tempfile::tempdir().unwrap();
    conformance::all(&FsObjects::open(root.path()).unwrap()).await;
}

#[tokio::test]
async fn objects_are_there_after_the_folder_is_opened_again() {
    let root = tempfile::tempdir().unwrap();
    let bytes = Bytes::from_static(b"durable");
    let store = FsObjects::open(root.path()).unwrap();
    let (key, _) = store
        .put_if_absent(&tenant(), "media", bytes.clone())
        .await
        .unwrap();
    drop(store);
    assert_eq!(
        FsObjects::open(root.path())
            .unwrap()
            .get(&key)
            .await
            .unwrap(),
        Some(bytes)
    );
}

#[tokio::test]
async fn flipped_bytes_are_reported_and_putting_again_puts_them_right() {
    let root = tempfile::tempdir().unwrap();
    let store = FsObjects::open(root.path()).unwrap();
    let bytes = Bytes::from_static(b"honest bytes");
    let (key, _) = store
        .put_if_absent(&tenant(), "media", bytes.clone())
        .await
        .unwrap();
    std::fs::write(file_of(root.path(), &key), b"forged bytes").unwrap();

    let got = store.get(&key).await;
    assert!(matches!(got, Err(ObjectError::Damaged { .. })), "{got:?}");

    let (_, put) = store
        .put_if_absent(&tenant(), "media", bytes.clone())
        .await
        .unwrap();
    assert_eq!(put, Put::Stored);
    assert_eq!(store.get(&key).await.unwrap(), Some(bytes));
}

#[tokio::test]
async fn a_file_that_was_left_half_written_by_a_dead_process_is_in_nobodys_way() {
    let root = tempfile::tempdir().unwrap();
    let store = FsObjects::open(root.path()).unwrap();
    let bytes = Bytes::from_static(b"whole");
    let key = ObjectKey::of(&tenant(), "media", &bytes);
    let file = file_of(root.path(), &key);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(format!("{}#1", file.display()), b"who").unwrap();

    let (_, put) = store
        .put_if_absent(&tenant(), "media", bytes.clone())
        .await
        .unwrap();
    assert_eq!(put, Put::Stored);
    assert_eq!(store.get(&key).await.unwrap(), Some(bytes));
}

#[tokio::test]
async fn an_archived_object_is_a_read_only_file() {
    let root = tempfile::tempdir().unwrap();
    let store = FsObjects::open(root.path()).unwrap();
    let bytes = Bytes::from_static(b"kept");
    let (key, _) = store
        .archive(&tenant(), "archive", bytes, date(2036, 12, 31))
        .await
        .unwrap();
    let permissions = std::fs::metadata(file_of(root.path(), &key))
        .unwrap()
        .permissions();
    assert!(permissions.readonly());
}

#[tokio::test]
async fn a_file_that_grew_beyond_the_limit_is_damage_and_is_not_read() {
    let root = tempfile::tempdir().unwrap();
    let store = FsObjects::open(root.path()).unwrap();
    let (key, _) = store
        .put_if_absent(&tenant(), "media", Bytes::from_static(b"small"))
        .await
        .unwrap();
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(file_of(root.path(), &key))
        .unwrap();
    file.set_len(1 << 30).unwrap();
    let got = store.get(&key).await;
    assert!(matches!(got, Err(ObjectError::Damaged { .. })), "{got:?}");
}

#[tokio::test]
async fn a_store_whose_folder_is_gone_says_so() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("objects");
    let store = FsObjects::open(&folder).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, b"a file in the way").unwrap();
    assert!(matches!(
        store.check().await,
        Err(ObjectError::Unavailable(_))
    ));
}
