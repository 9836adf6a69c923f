//! From a request for delivery to a mail and a report, with crashes in between.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;
use invoiceapp_domain::invoice::DeliveryOutcome;
use invoiceapp_domain::locale::Locale;
use invoiceapp_mail::{Accepted, Envelope, MailReactor, Maildir, Mailer, SendError};
use invoiceapp_runtime::JobState;
use mail_parser::{Address, MessageParser, MimeHeaders};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::fixtures::{PDF, email, instant, seller};
use crate::world::World;

const RECIPIENTS: [&str; 2] = ["buyer@example.com", "accounting@example.com"];

fn maildir(folder: &TempDir) -> Maildir {
    Maildir::open(folder.path().join("mail")).unwrap()
}

async fn world(folder: &TempDir) -> World {
    World::open(folder.path(), Arc::new(maildir(folder))).await
}

fn mails(folder: &Path) -> Vec<Vec<u8>> {
    let mut names: Vec<_> = fs::read_dir(folder.join("mail/new"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names.iter().map(|name| fs::read(name).unwrap()).collect()
}

async fn outcomes(world: &World, stream: &invoiceapp_domain::StreamId) -> Vec<DeliveryOutcome> {
    world
        .recipients(stream)
        .await
        .iter()
        .filter_map(|recipient| recipient.outcome)
        .collect()
}

async fn states(world: &World) -> Vec<JobState> {
    world.jobs().await.iter().map(|job| job.state).collect()
}

/// Fails or hangs as the test says, and remembers what it was asked to send.
#[derive(Debug, Default)]
struct Scripted {
    answers: Mutex<Vec<SendError>>,
    seen: Mutex<Vec<Vec<u8>>>,
}

impl Scripted {
    fn failing(answers: Vec<SendError>) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers),
            seen: Mutex::default(),
        })
    }
}

#[async_trait]
impl Mailer for Scripted {
    async fn send(&self, envelope: &Envelope, message: &[u8]) -> Result<Accepted, SendError> {
        self.seen.lock().unwrap().push(message.to_vec());
        match self.answers.lock().unwrap().pop() {
            Some(error) => Err(error),
            None => Ok(Accepted {
                reference: envelope.id.to_string(),
            }),
        }
    }

    async fn check(&self) -> Result<(), SendError> {
        Ok(())
    }
}

/// Hands over, says so to the test, and never returns: the process dies here.
#[derive(Debug)]
struct DiesAfterSending {
    inner: Maildir,
    sent: Arc<Notify>,
}

#[async_trait]
impl Mailer for DiesAfterSending {
    async fn send(&self, envelope: &Envelope, message: &[u8]) -> Result<Accepted, SendError> {
        self.inner.send(envelope, message).await?;
        self.sent.notify_one();
        std::future::pending().await
    }

    async fn check(&self) -> Result<(), SendError> {
        self.inner.check().await
    }
}

#[tokio::test]
async fn an_operator_may_be_the_sender_of_all_mails() {
    let (folder, mailer) = (TempDir::new().unwrap(), Scripted::failing(Vec::new()));
    let operator = |reactor: MailReactor| reactor.with_sender(Some(email("mail@operator.example")));
    let port: Arc<dyn Mailer> = mailer.clone();
    let world = World::open_configured(folder.path(), port, operator, |journal| journal).await;
    let invoice = world.send(1, Locale::De, &RECIPIENTS[..1]).await;
    world.render(&invoice, Locale::De, PDF).await;
    world.work().await;
    let seen = mailer.seen.lock().unwrap();
    let message = MessageParser::new().parse(&seen[0]).unwrap();
    let only = |address: Option<&Address<'_>>| {
        let first = address.unwrap().first().unwrap();
        first.address().unwrap().to_owned()
    };
    assert_eq!(only(message.from()), "mail@operator.example");
    assert_eq!(
        only(message.reply_to()),
        seller("Grünwald & Söhne GmbH").email.as_str()
    );
}

#[tokio::test]
async fn each_recipient_gets_a_mail_once_the_pdf_is_there() {
    let folder = TempDir::new().unwrap();
    let world = world(&folder).await;
    let invoice = world.send(1, Locale::De, &RECIPIENTS).await;
    world.work().await;
    assert!(mails(folder.path()).is_empty());
    assert!(outcomes(&world, &invoice).await.is_empty());

    world.render(&invoice, Locale::De, PDF).await;
    world.work().await;
    let mails = mails(folder.path());
    assert_eq!(mails.len(), 2);
    let mut received = Vec::new();
    for mail in &mails {
        let message = MessageParser::default().parse(mail).unwrap();
        assert_eq!(
            message.subject(),
            Some("Rechnung INV-2026-00001 von Grünwald & Söhne GmbH")
        );
        assert_eq!(message.attachment(0).unwrap().contents(), PDF);
        assert_eq!(
            message.attachment(0).unwrap().attachment_name(),
            Some("INV-2026-00001.pdf")
        );
        assert_eq!(
            message.date().unwrap().to_timestamp(),
            instant().as_second()
        );
        let to = message.to().unwrap().first().unwrap();
        received.push((
            to.address().unwrap().to_owned(),
            to.name().map(ToOwned::to_owned),
        ));
    }
    received.sort();
    let buyer = (RECIPIENTS[0].to_owned(), Some("Zażółć S.A.".to_owned()));
    assert_eq!(received, [(RECIPIENTS[1].to_owned(), None), buyer]);
    assert_eq!(
        outcomes(&world, &invoice).await,
        [DeliveryOutcome::Accepted; 2]
    );
    for known in world.recipients(&invoice).await {
        let reference = known.provider_ref.unwrap();
        assert!(
            folder
                .path()
                .join("mail/new")
                .join(reference.as_str())
                .exists()
        );
    }
    assert_eq!(states(&world).await, [JobState::Done; 2]);
}

#[tokio::test]
async fn a_pdf_in_another_language_is_not_the_one_to_send() {
    let folder = TempDir::new().unwrap();
    let world = world(&folder).await;
    let invoice = world.send(1, Locale::Pl, &RECIPIENTS[..1]).await;
    world.render(&invoice, Locale::En, b"English").await;
    world.runtime.plan_available().await.unwrap();
    assert_eq!(mails(folder.path()).len(), 0);
    world.render(&invoice, Locale::Pl, PDF).await;
    world.work().await;
    let mails = mails(folder.path());
    let message = MessageParser::default().parse(&mails[0]).unwrap();
    assert_eq!(message.attachment(0).unwrap().contents(), PDF);
}

#[tokio::test]
async fn a_crash_between_the_file_and_the_report_sends_no_second_mail() {
    let folder = TempDir::new().unwrap();
    let sent = Arc::new(Notify::new());
    let dies = DiesAfterSending {
        inner: maildir(&folder),
        sent: Arc::clone(&sent),
    };
    let world = World::open(folder.path(), Arc::new(dies)).await;
    let invoice = world.send(1, Locale::En, &RECIPIENTS[..1]).await;
    world.render(&invoice, Locale::En, PDF).await;
    world.runtime.plan_available().await.unwrap();
    tokio::select! {
        done = world.runtime.run_due() => panic!("the process did not die: {done:?}"),
        () = sent.notified() => {}
    }
    drop(world);
    let before = mails(folder.path());
    assert_eq!(before.len(), 1);

    let world = self::world(&folder).await;
    assert!(outcomes(&world, &invoice).await.is_empty());
    world.work().await;
    assert_eq!(mails(folder.path()), before);
    assert_eq!(
        outcomes(&world, &invoice).await,
        [DeliveryOutcome::Accepted]
    );
    assert_eq!(states(&world).await, [JobState::Done]);
}

#[tokio::test]
async fn an_outcome_that_is_known_is_not_worked_on_again() {
    let folder = TempDir::new().unwrap();
    let world = world(&folder).await;
    let invoice = world.send(1, Locale::En, &RECIPIENTS[..1]).await;
    world.render(&invoice, Locale::En, PDF).await;
    world.work().await;
    drop(world);
    // The job store is lost: every job is planned anew, and finds its mail reported.
    for file in ["jobs.db", "jobs.db-wal", "jobs.db-shm"] {
        let file = folder.path().join(file);
        if file.exists() {
            fs::remove_file(file).unwrap();
        }
    }
    let mailer = Scripted::failing(Vec::new());
    let world = World::open(folder.path(), mailer.clone()).await;
    world.work().await;
    assert_eq!(states(&world).await, [JobState::Done]);
    assert!(mailer.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_outage_is_waited_out_with_the_same_message() {
    let folder = TempDir::new().unwrap();
    let down = || SendError::Transient("down".into());
    let mailer = Scripted::failing((0..9).map(|_| down()).collect());
    let world = World::open(folder.path(), mailer.clone()).await;
    let invoice = world.send(1, Locale::En, &RECIPIENTS[..1]).await;
    world.render(&invoice, Locale::En, PDF).await;
    // A payment that comes in meanwhile does not change what the mail says.
    world.pay(&invoice, "19.00").await;
    while outcomes(&world, &invoice).await.is_empty() {
        world.work().await;
    }
    let seen = mailer.seen.lock().unwrap();
    assert_eq!(seen.len(), 10);
    assert!(seen.iter().all(|message| *message == seen[0]));
    let message = MessageParser::default().parse(&seen[0]).unwrap();
    assert!(
        message
            .body_text(0)
            .unwrap()
            .contains("Amount due: EUR\u{a0}119.00")
    );
}

#[tokio::test]
async fn a_refused_mail_is_reported_and_holds_up_no_other() {
    let folder = TempDir::new().unwrap();
    let refused = SendError::Permanent {
        reason: "550".to_owned(),
    };
    let uncertain = SendError::Uncertain("cut".into());
    let mailer = Scripted::failing(vec![uncertain, refused]);
    let world = World::open(folder.path(), mailer).await;
    let third = ["a@example.com", "b@example.com", "c@example.com"];
    let invoice = world.send(1, Locale::En, &third).await;
    world.render(&invoice, Locale::En, PDF).await;
    world.work().await;
    assert_eq!(
        outcomes(&world, &invoice).await,
        [
            DeliveryOutcome::Rejected,
            DeliveryOutcome::Uncertain,
            DeliveryOutcome::Accepted
        ]
    );
    let expected = [JobState::Parked, JobState::Planned, JobState::Done];
    assert_eq!(states(&world).await, expected);
}

#[tokio::test]
async fn a_damaged_pdf_is_never_sent() {
    let folder = TempDir::new().unwrap();
    let world = world(&folder).await;
    let invoice = world.send(1, Locale::En, &RECIPIENTS[..1]).await;
    world.render(&invoice, Locale::En, PDF).await;
    damage(&folder.path().join("objects"));
    world.work().await;
    assert!(mails(folder.path()).is_empty());
    assert_eq!(states(&world).await, [JobState::Parked]);
}

fn damage(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            damage(&path);
        } else {
            let mut permissions = fs::metadata(&path).unwrap().permissions();
            #[expect(
                clippy::permissions_set_readonly_false,
                reason = "the test owns the folder and throws it away"
            )]
            permissions.set_readonly(false);
            fs::set_permissions(&path, permissions).unwrap();
            fs::write(&path, "damaged").unwrap();
        }
    }
}

#[tokio::test]
async fn a_job_holds_no_address() {
    let folder = TempDir::new().unwrap();
    let world = world(&folder).await;
    world.send(1, Locale::En, &RECIPIENTS).await;
    world.runtime.plan_available().await.unwrap();
    let jobs = format!("{:?}", world.jobs().await);
    assert_eq!(world.jobs().await.len(), 2);
    assert!(!jobs.contains('@'), "{jobs}");
}
