//! A process that leads is halted until another has taken over, and wakes up without knowing it.

use std::time::Duration;

use rstest::rstest;

use crate::api::{Client, draft, id};
use crate::check::{Expected, Repeats};
use crate::full::Place;
use crate::load::{Load, Work};
use crate::world::{one, world};

/// What a writer waits after each invoice.
const PAUSE: Duration = Duration::from_secs(1);
/// Longer than any lease.
const HALTED: Duration = Duration::from_secs(15);
/// How long both work before the other one is halted.
const AWAKE: Duration = Duration::from_secs(3);

#[rstest]
#[ignore = "wants the stack: everything, for itself alone"]
#[case::relay("relay")]
#[ignore = "wants the stack: everything, for itself alone"]
#[case::projector("projector")]
#[ignore = "wants the stack: everything, for itself alone"]
#[case::pdf("pdf")]
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_wakes_up_after_its_lease_changes_nothing(#[case] role: &'static str) {
    let world = world().await;
    let door = world.installation.tenant().await;
    let admin = Client::admin(&door).await;
    let load = Load::start(&door, Work::Invoices, PAUSE).await;
    let elsewhere = Place::of(&invoiceapp_parts::unique("second"));
    let first = world.process(role);
    let second = world.installation.start_at(&elsewhere, one(role));
    second.ready().await;
    for process in [first, &second] {
        process.signal("STOP");
        tokio::time::sleep(HALTED).await;
        goes_on(&admin).await;
        process.signal("CONT");
        tokio::time::sleep(AWAKE).await;
    }
    let expected = Expected::of(&world.installation, &door, load).await;
    expected.holds(Repeats::None).await;
}

/// What is done now becomes visible.
async fn goes_on(admin: &Client) {
    let created = admin.post("/invoices", draft()).await.expect(201);
    let path = format!("/invoices/{}", id(&created));
    admin.eventually(&path, |answer| answer.status == 200).await;
}
