//! The reactor on a mail server that loses answers: what is recorded, and what is done about it.

use std::fs;
use std::sync::Arc;

use invoiceapp_domain::ids::StreamId;
use invoiceapp_domain::invoice::DeliveryOutcome;
use invoiceapp_domain::locale::Locale;
use invoiceapp_mail::{SmtpMailer, SmtpOptions, SmtpTls, WhenUncertain};
use invoiceapp_runtime::JobState;
use mail_parser::MessageParser;
use tempfile::TempDir;

use crate::fixtures::PDF;
use crate::peer::{Does, Peer, Script};
use crate::world::World;

const RECIPIENT: [&str; 1] = ["buyer@example.com"];

async fn world(folder: &TempDir, peer: &Peer, uncertain: WhenUncertain) -> World {
    let options = SmtpOptions::new("127.0.0.1", peer.address.port(), SmtpTls::None);
    let mailer = Arc::new(SmtpMailer::new(options).unwrap());
    World::open_with(folder.path(), mailer, uncertain).await
}

fn cut_after_the_dot() -> Script {
    [("DOT", Does::Cuts)].into()
}

async fn outcome(world: &World, stream: &StreamId) -> Option<DeliveryOutcome> {
    world.recipients(stream).await[0].outcome
}

#[tokio::test]
async fn a_mail_whose_answer_was_lost_is_uncertain_and_goes_out_again_under_its_message_id() {
    let folder = TempDir::new().unwrap();
    let peer = Peer::start(vec![cut_after_the_dot(), Script::new()]).await;
    let world = world(&folder, &peer, WhenUncertain::Resend).await;
    let invoice = world.send(1, Locale::En, &RECIPIENT).await;
    world.render(&invoice, Locale::En, PDF).await;
    world.work().await;
    assert_eq!(
        outcome(&world, &invoice).await,
        Some(DeliveryOutcome::Uncertain)
    );
    assert_eq!(world.jobs().await[0].state, JobState::Planned);

    world.work().await;
    assert_eq!(
        outcome(&world, &invoice).await,
        Some(DeliveryOutcome::Accepted)
    );
    assert_eq!(world.jobs().await[0].state, JobState::Done);
    let messages = peer.messages();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0], messages[1]);
    let parsed = MessageParser::default().parse(&messages[0]).unwrap();
    let id = format!("{}@acme.example", world.jobs().await[0].id);
    assert_eq!(parsed.message_id(), Some(id.as_str()));
}

#[tokio::test]
async fn a_mail_whose_answer_is_lost_each_time_is_parked_and_not_sent_for_ever() {
    let folder = TempDir::new().unwrap();
    let peer = Peer::start(vec![cut_after_the_dot()]).await;
    let world = world(&folder, &peer, WhenUncertain::Resend).await;
    let invoice = world.send(1, Locale::En, &RECIPIENT).await;
    world.render(&invoice, Locale::En, PDF).await;
    while world.jobs().await.first().map(|job| job.state) != Some(JobState::Parked) {
        world.work().await;
    }
    assert_eq!(peer.messages().len(), 5);
    assert_eq!(
        outcome(&world, &invoice).await,
        Some(DeliveryOutcome::Uncertain)
    );
}

#[tokio::test]
async fn a_mail_whose_answer_was_lost_can_be_left_to_a_person() {
    let folder = TempDir::new().unwrap();
    let peer = Peer::start(vec![cut_after_the_dot(), Script::new()]).await;
    let world = world(&folder, &peer, WhenUncertain::Park).await;
    let invoice = world.send(1, Locale::En, &RECIPIENT).await;
    world.render(&invoice, Locale::En, PDF).await;
    world.work().await;
    world.work().await;
    assert_eq!(
        outcome(&world, &invoice).await,
        Some(DeliveryOutcome::Uncertain)
    );
    assert_eq!(world.jobs().await[0].state, JobState::Parked);
    assert_eq!(peer.messages().len(), 1);

    assert!(world.retry(world.jobs().await[0].id).await);
    world.work().await;
    assert_eq!(
        outcome(&world, &invoice).await,
        Some(DeliveryOutcome::Accepted)
    );
    assert_eq!(peer.messages().len(), 2);
}

pub(crate) async fn hangs_once() -> Peer {
    let hangs: Script = [("DOT", Does::Hangs)].into();
    Peer::start(vec![hangs, Script::new()]).await
}

/// A process that is killed when the peer has the mail and has not answered yet.
pub(crate) async fn die_while_sending(
    folder: &TempDir,
    peer: &Peer,
    uncertain: WhenUncertain,
) -> StreamId {
    let dying = world(folder, peer, uncertain).await;
    let invoice = dying.send(1, Locale::En, &RECIPIENT).await;
    dying.render(&invoice, Locale::En, PDF).await;
    dying.runtime.plan_available().await.unwrap();
    tokio::select! {
        done = dying.runtime.run_due() => panic!("the process did not die: {done:?}"),
        () = peer.hangs.notified() => {}
    }
    invoice
}

#[tokio::test]
async fn a_process_that_dies_while_it_sends_leaves_an_uncertain_mail() {
    for (uncertain, state, mails) in [
        (WhenUncertain::Resend, JobState::Done, 2),
        (WhenUncertain::Park, JobState::Parked, 1),
    ] {
        let folder = TempDir::new().unwrap();
        let peer = hangs_once().await;
        die_while_sending(&folder, &peer, uncertain).await;

        let restarted = world(&folder, &peer, uncertain).await;
        restarted.work().await;
        assert_eq!(restarted.jobs().await[0].state, state);
        assert_eq!(peer.messages().len(), mails);
    }
}

#[tokio::test]
async fn a_mail_that_is_in_doubt_stays_so_while_a_part_is_away() {
    for (uncertain, state, mails) in [
        (WhenUncertain::Resend, JobState::Done, 2),
        (WhenUncertain::Park, JobState::Parked, 1),
    ] {
        let folder = TempDir::new().unwrap();
        let peer = hangs_once().await;
        let invoice = die_while_sending(&folder, &peer, uncertain).await;

        let restarted = world(&folder, &peer, uncertain).await;
        let (objects, away) = (folder.path().join("objects"), folder.path().join("away"));
        fs::rename(&objects, &away).unwrap();
        fs::write(&objects, "").unwrap();
        restarted.work().await;
        let doubt = Some(DeliveryOutcome::Uncertain);
        assert_eq!(outcome(&restarted, &invoice).await, doubt);
        assert_eq!(peer.messages().len(), 1);

        fs::remove_file(&objects).unwrap();
        fs::rename(&away, &objects).unwrap();
        restarted.work().await;
        assert_eq!(restarted.jobs().await[0].state, state);
        assert_eq!(peer.messages().len(), mails);
    }
}

#[tokio::test]
async fn a_refused_mail_is_parked_and_can_be_sent_once_the_reason_is_gone() {
    let folder = TempDir::new().unwrap();
    let refuses: Script = [("RCPT", Does::Says("550 no such mailbox"))].into();
    let peer = Peer::start(vec![refuses, Script::new()]).await;
    let world = world(&folder, &peer, WhenUncertain::Resend).await;
    let invoice = world.send(1, Locale::En, &RECIPIENT).await;
    world.render(&invoice, Locale::En, PDF).await;
    world.work().await;
    assert_eq!(
        outcome(&world, &invoice).await,
        Some(DeliveryOutcome::Rejected)
    );
    let job = world.jobs().await.remove(0);
    assert_eq!(job.state, JobState::Parked);
    assert_eq!(
        job.reason.as_deref(),
        Some("the mail was rejected: the server answered 550")
    );

    assert!(world.retry(job.id).await);
    world.work().await;
    assert_eq!(
        outcome(&world, &invoice).await,
        Some(DeliveryOutcome::Accepted)
    );
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again_until_it_takes_the_mail() {
    let folder = TempDir::new().unwrap();
    let busy: Script = [("RCPT", Does::Says("450 try later"))].into();
    let peer = Peer::start(vec![busy.clone(), busy.clone(), busy, Script::new()]).await;
    let world = world(&folder, &peer, WhenUncertain::Resend).await;
    let invoice = world.send(1, Locale::En, &RECIPIENT).await;
    world.render(&invoice, Locale::En, PDF).await;
    while world.jobs().await.first().map(|job| job.state) != Some(JobState::Done) {
        world.work().await;
    }
    assert_eq!(peer.connections(), 4);
    assert_eq!(
        outcome(&world, &invoice).await,
        Some(DeliveryOutcome::Accepted)
    );
}
