//! The reactor on a real journal.

use std::time::Duration;

use bytes::Bytes;
use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::ids::DocumentId;
use invoiceapp_domain::invoice::{
    Invoice, InvoiceCommand, Rendering, RenderingKind, RenderingReport,
};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::media::Media;
use invoiceapp_domain::text::Reference;
use invoiceapp_domain::{Actor, Ambient, StreamId, StreamKind};
use invoiceapp_objects::{ObjectKey, area};
use invoiceapp_runtime::{JobState, JobStore, Lease, Outcome};
use jiff::SignedDuration;
use jiff::civil::date;
use uuid::Uuid;

use crate::files::png;
use crate::invoices::{command, issued_invoice};
use crate::world::{World, tenant};

const BYTES: &[u8] = b"%PDF-1.7 an invoice";

/// What the PDF reactor does, with bytes of the test's choice.
async fn render(world: &World, stream: &StreamId, stored: bool) -> DocumentId {
    if stored {
        let bytes = Bytes::from_static(BYTES);
        world
            .objects
            .put_if_absent(&stream.tenant, area::RENDERINGS, bytes)
            .await
            .unwrap();
    }
    let document_id = DocumentId(Uuid::from_u128(77));
    let report = RenderingReport {
        document_id,
        kind: RenderingKind::Pdf,
        locale: Locale::En,
        from_version: 2,
        sha256: Sha256Hex::of(BYTES),
        size: u64::try_from(BYTES.len()).unwrap(),
        template_version: Reference::parse("test").unwrap(),
    };
    command(world, stream, InvoiceCommand::AttachRendering(report)).await;
    document_id
}

async fn rendering(world: &World, stream: &StreamId, id: DocumentId) -> Rendering {
    let invoice = world
        .executor
        .load::<Invoice>(stream)
        .await
        .unwrap()
        .unwrap();
    invoice
        .state
        .as_issued()
        .unwrap()
        .renderings
        .get(id)
        .unwrap()
        .clone()
}

fn archived(stream: &StreamId) -> ObjectKey {
    ObjectKey::of(&stream.tenant, area::ARCHIVE, BYTES)
}

#[tokio::test]
async fn a_rendering_is_archived_until_ten_years_after_its_year() {
    let world = World::new().await;
    let stream = issued_invoice(&world).await;
    let id = render(&world, &stream, true).await;
    assert_eq!(world.work().await, 1);

    let rendering = rendering(&world, &stream, id).await;
    let archive = rendering.archive.unwrap();
    assert_eq!(
        (archive.sha256, archive.retain_until),
        (rendering.sha256, date(2036, 12, 31))
    );
    let key = archived(&stream);
    assert_eq!(world.objects.get(&key).await.unwrap().unwrap(), BYTES);
    assert_eq!(
        world.objects.retained_until(&key).await.unwrap(),
        Some(date(2036, 12, 31))
    );
    // The report is an event too, and asks for nothing more.
    assert_eq!(world.work().await, 0);
}

#[tokio::test]
async fn the_report_says_who_made_it_and_what_caused_it() {
    let world = World::new().await;
    let stream = issued_invoice(&world).await;
    render(&world, &stream, true).await;
    world.work().await;
    let events = world.journal.read_stream(&stream, 0, 10).await.unwrap();
    let [.., attached, archived] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(archived.event_type, "RenderingArchived");
    let metadata = archived.metadata().unwrap();
    assert_eq!(metadata.actor, Actor::System("media".to_owned()));
    assert_eq!(metadata.causation_id, Some(attached.event_id));
    assert_eq!(
        metadata.correlation_id,
        attached.metadata().unwrap().correlation_id
    );
}

#[tokio::test]
async fn bytes_that_do_not_have_the_hash_are_not_archived() {
    let world = World::new().await;
    let stream = issued_invoice(&world).await;
    let id = render(&world, &stream, true).await;
    let key = ObjectKey::of(&stream.tenant, area::RENDERINGS, BYTES);
    let stored = world.folder.path().join("objects").join(key.to_string());
    std::fs::write(&stored, b"%PDF-1.7 a forgery!").unwrap();
    world.work().await;

    assert_eq!(rendering(&world, &stream, id).await.archive, None);
    assert_eq!(world.objects.get(&archived(&stream)).await.unwrap(), None);
    let jobs = world.job_records().await;
    let [job] = jobs.as_slice() else {
        panic!("{jobs:?}")
    };
    assert_eq!(job.state, JobState::Parked);
    assert!(job.reason.as_ref().unwrap().contains("damaged"), "{job:?}");

    // Once the bytes are put right, an operator's retry heals it.
    std::fs::write(&stored, BYTES).unwrap();
    assert!(
        world
            .jobs
            .retry(job.id, world.issuer.ambient.now())
            .await
            .unwrap()
    );
    world.work().await;
    assert!(rendering(&world, &stream, id).await.archive.is_some());
}

#[tokio::test]
async fn missing_bytes_are_looked_for_again_and_then_parked() {
    let world = World::new().await;
    let stream = issued_invoice(&world).await;
    render(&world, &stream, false).await;
    for _ in 0..6 {
        world.work().await;
        world.issuer.ambient.advance(SignedDuration::from_hours(1));
    }
    let jobs = world.job_records().await;
    let [job] = jobs.as_slice() else {
        panic!("{jobs:?}")
    };
    assert_eq!((job.state, job.attempt), (JobState::Parked, 5));
}

#[tokio::test]
async fn a_crash_between_report_and_verdict_reports_once() {
    let world = World::new().await;
    let token = world.administrator();
    let id = world.uploaded(&token, &png(300, 300)).await;
    world.runtime.plan_available().await.unwrap();
    // A worker takes the job, does everything, and dies before it can say so.
    let now = world.issuer.ambient.now();
    let until = now.saturating_add(Duration::from_secs(30)).unwrap();
    let claim = world
        .jobs
        .claim("media", now, until)
        .await
        .unwrap()
        .unwrap();
    let lease = Lease::new(world.jobs.clone(), claim.ticket);
    let outcome = world.reactor.act(&claim.job, &lease).await;
    assert_eq!(outcome, Outcome::Done);
    let head = world.head().await;

    world.runtime.take_over().await.unwrap();
    assert_eq!(world.work().await, 1, "the next worker does it all again");
    assert_eq!(world.head().await, head, "and the report is absorbed");
    let stream = StreamId::new(tenant("default"), StreamKind::Media, id);
    let media = world
        .executor
        .load::<Media>(&stream)
        .await
        .unwrap()
        .unwrap();
    assert!(media.state.record().unwrap().thumbnail.is_some());
    assert!(
        world
            .job_records()
            .await
            .iter()
            .all(|job| job.state == JobState::Done)
    );
}

#[tokio::test]
async fn a_thumbnail_of_damaged_bytes_holds_back_nothing_else() {
    let world = World::new().await;
    let token = world.administrator();
    let bad = world.uploaded(&token, &png(300, 300)).await;
    let good = world.uploaded(&token, &png(310, 300)).await;
    let path = |id: &str| format!("/api/v1/media/{id}");
    let bytes = world.get(&token, &path(&bad)).await.body;
    let key = ObjectKey::of(&tenant("default"), area::MEDIA, &bytes);
    std::fs::write(
        world.folder.path().join("objects").join(key.to_string()),
        b"x",
    )
    .unwrap();
    world.work().await;
    let answer = world
        .get(&token, &format!("{}/thumbnail", path(&good)))
        .await;
    assert_eq!(answer.status, 200);
    let answer = world
        .get(&token, &format!("{}/thumbnail", path(&bad)))
        .await;
    assert_eq!(answer.status, 202);
}
