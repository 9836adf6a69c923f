//! The reactor: one rendering per language, of the issued version, however often it is tried.

use std::sync::{Arc, Mutex};

use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::ids::MediaId;
use invoiceapp_domain::invoice::Rendering;
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::party::LogoSnapshot;
use invoiceapp_objects::{Objects, area};
use invoiceapp_runtime::JobState;
use uuid::Uuid;

use crate::fixtures::logo_png;
use crate::reader::read_bytes;
use crate::world::{World, stream, tenant};

async fn renderings(world: &World, invoice: u128) -> Vec<Rendering> {
    let state = world.invoice(&stream(invoice)).await;
    state
        .as_issued()
        .unwrap()
        .renderings
        .iter()
        .cloned()
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issued_invoice_gets_its_rendering_in_its_language() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.draft(&stream(1)).await;
    assert_eq!(world.work().await, 0);
    world.issue(&stream(1), None).await;
    assert_eq!(world.work().await, 1);
    let renderings = renderings(&world, 1).await;
    let [rendering] = renderings.as_slice() else {
        panic!("{renderings:?}")
    };
    assert_eq!((rendering.locale, rendering.from_version), (Locale::De, 2));
    let bytes = world.stored(rendering.sha256.as_str()).await.unwrap();
    assert_eq!(u64::try_from(bytes.len()).unwrap(), rendering.size);
    let text = read_bytes(bytes.to_vec()).text();
    let number = world
        .invoice(&stream(1))
        .await
        .as_issued()
        .unwrap()
        .document
        .number
        .text
        .clone();
    for word in [&*number, "Zażółć S.A.", "119,00 €", "Beratung"] {
        assert!(text.contains(word), "{word} is missing in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_in_another_language_adds_one_rendering_of_the_same_version() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.draft(&stream(1)).await;
    world.issue(&stream(1), None).await;
    world.deliver(&stream(1), 11, Locale::De).await;
    world.deliver(&stream(1), 12, Locale::Fr).await;
    world.deliver(&stream(1), 13, Locale::Fr).await;
    while world.work().await > 0 {}
    let renderings = renderings(&world, 1).await;
    let found: Vec<_> = renderings
        .iter()
        .map(|one| (one.locale, one.from_version))
        .collect();
    assert_eq!(found, [(Locale::De, 2), (Locale::Fr, 2)]);
    assert!(
        world
            .jobs()
            .await
            .iter()
            .all(|job| job.state == JobState::Done)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rendering_that_is_made_again_is_the_same_and_reported_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = {
        let world = World::open(folder.path()).await;
        world.draft(&stream(1)).await;
        world.issue(&stream(1), None).await;
        world.work().await;
        renderings(&world, 1).await
    };
    // The job store is lost, so that the whole journal is planned and worked on again.
    for file in ["jobs.db", "jobs.db-wal", "jobs.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(file));
    }
    let world = World::open(folder.path()).await;
    world.work().await;
    assert_eq!(renderings(&world, 1).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logo_comes_from_the_store_and_a_missing_one_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    let logo = logo_png();
    let snapshot = LogoSnapshot {
        media_id: MediaId(Uuid::from_u128(5)),
        sha256: Sha256Hex::of(&logo),
    };
    world.draft(&stream(1)).await;
    world.issue(&stream(1), Some(snapshot)).await;
    world.work().await;
    let jobs = world.jobs().await;
    assert_eq!(jobs[0].state, JobState::Planned);
    assert_eq!(
        jobs[0].reason.as_deref(),
        Some("the logo is not in the object store")
    );
    world
        .objects
        .put_if_absent(&tenant(), area::MEDIA, logo.into())
        .await
        .unwrap();
    assert!(world.retry(&jobs[0]).await);
    world.work().await;
    assert_eq!(renderings(&world, 1).await.len(), 1);
}

/// What a subscriber wrote.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

// On one thread, because that is whose events the subscriber sees.
#[tokio::test]
async fn characters_that_no_font_has_are_reported_by_their_number_and_not_shown() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.draft(&stream(1)).await;
    world.issue(&stream(1), None).await;
    world.draft_of(&stream(2), "Beratung 𓀀 und 𓂀").await;
    world.issue(&stream(2), None).await;
    while world.work().await > 0 {}
    assert_eq!(renderings(&world, 2).await.len(), 1);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let mut warnings = log
        .lines()
        .filter(|line| line.contains("an invoice has characters that no font has"));
    let warning = warnings.next().unwrap();
    assert!(warning.contains("replaced_characters=2"), "{warning}");
    assert!(warning.contains(&stream(2).aggregate_id()), "{warning}");
    assert!(!log.contains("Beratung"), "{log}");
    assert_eq!(warnings.next(), None);
}
