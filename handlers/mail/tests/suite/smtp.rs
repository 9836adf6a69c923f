//! Mails to a mail server: a real one, and one that fails by script.

use std::sync::Arc;
use std::time::Duration;

use invoiceapp_domain::locale::Locale;
use invoiceapp_mail::conformance::{self, Inbox, Target};
use invoiceapp_mail::{
    Accepted, MESSAGE_BYTES_MAX, Mailer, SendError, SmtpCredentials, SmtpMailer, SmtpOptions,
    SmtpOptionsError, SmtpPatience, SmtpTls, compose, message_id,
};
use mail_parser::MessageParser;
use rstest::rstest;
use secrecy::SecretString;
use tempfile::TempDir;

use crate::fixtures::{PDF, envelope, mail};
use crate::mailpit::{self, Mailpit};
use crate::peer::{Does, Peer};
use crate::world::World;

fn message() -> Vec<u8> {
    compose(&envelope(1), &mail(Locale::En), PDF).unwrap()
}

fn options(peer: &Peer) -> SmtpOptions {
    SmtpOptions::new("127.0.0.1", peer.address.port(), SmtpTls::None)
}

async fn send(peer: &Peer) -> Result<Accepted, SendError> {
    let mailer = SmtpMailer::new(options(peer)).unwrap();
    mailer.send(&envelope(1), &message()).await
}

fn credentials() -> SmtpCredentials {
    SmtpCredentials {
        username: "invoiceapp".to_owned(),
        password: SecretString::from("hunter2"),
    }
}

#[tokio::test]
#[ignore = "wants the stack: SMTP"]
async fn a_mail_server_keeps_every_promise_of_the_port() {
    let target = Target {
        inbox: Box::new(Mailpit::open().await),
        mailer: Arc::new(mailpit::mailer()),
    };
    conformance::all(&target).await.unwrap();
}

#[tokio::test]
#[ignore = "wants the stack: SMTP"]
async fn an_invoice_arrives_in_the_inbox_with_its_pdf() {
    let inbox = Mailpit::open().await;
    let folder = TempDir::new().unwrap();
    let world = World::open(folder.path(), Arc::new(mailpit::mailer())).await;
    let recipient = format!("{}@example.com", invoiceapp_parts::unique("buyer"));
    let invoice = world.send(1, Locale::De, &[&recipient]).await;
    world.render(&invoice, Locale::De, PDF).await;
    world.work().await;

    let jobs = world.jobs().await;
    let arrived = inbox.messages().await;
    let ours = arrived
        .iter()
        .filter_map(|raw| MessageParser::default().parse(raw))
        .filter(|message| {
            let to = message.to().and_then(|to| to.first());
            to.and_then(|to| to.address()) == Some(recipient.as_str())
        });
    let ours: Vec<_> = ours.collect();
    let [message] = ours.as_slice() else {
        panic!("one mail, not {}", ours.len())
    };
    let id = format!("{}@acme.example", jobs[0].id);
    assert_eq!(message.message_id(), Some(id.as_str()));
    assert_eq!(message.attachment(0).unwrap().contents(), PDF);
    let known = world.recipients(&invoice).await;
    assert!(known[0].provider_ref.is_some());
}

#[tokio::test]
async fn a_message_is_handed_over_whole_and_the_servers_name_for_it_is_kept() {
    let peer = Peer::with([]).await;
    let accepted = send(&peer).await.unwrap();
    assert_eq!(accepted.reference, "4711");
    assert_eq!(peer.messages(), [message()]);
    let commands = peer.commands();
    let sender = &commands[1];
    assert!(
        sender.starts_with("MAIL FROM:<billing@acme.example>"),
        "{sender}"
    );
    assert_eq!(commands[2], "RCPT TO:<buyer@example.com>");
}

#[tokio::test]
async fn what_the_server_does_not_take_now_may_be_sent_again() {
    for step in ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "DOT"] {
        let peer = Peer::with([(step, Does::Says("451 not now"))]).await;
        let sent = send(&peer).await;
        assert!(
            matches!(sent, Err(SendError::Transient(_))),
            "{step}: {sent:?}"
        );
    }
}

#[tokio::test]
async fn what_the_server_never_takes_is_refused_for_good_without_a_word_about_anybody() {
    for step in ["MAIL", "RCPT", "DATA", "DOT"] {
        let peer = Peer::with([(step, Does::Says("550 buyer@example.com is unknown"))]).await;
        let sent = send(&peer).await;
        let Err(SendError::Permanent { reason }) = &sent else {
            panic!("{step}: {sent:?}")
        };
        assert_eq!(reason, "the server answered 550");
    }
}

#[tokio::test]
async fn a_server_that_does_not_take_us_is_no_reason_to_give_up_the_mail() {
    for step in ["GREETING", "EHLO", "AUTH"] {
        let peer = Peer::with([(step, Does::Says("535 who are you"))]).await;
        let mailer = SmtpMailer::new(SmtpOptions {
            credentials: Some(credentials()),
            ..options(&peer)
        });
        let mailer = mailer.unwrap();
        let sent = mailer.send(&envelope(1), &message()).await;
        assert!(
            matches!(sent, Err(SendError::Transient(_))),
            "{step}: {sent:?}"
        );
        assert!(mailer.check().await.is_err(), "{step}");
    }
}

#[tokio::test]
async fn a_cut_before_the_last_dot_has_sent_nothing() {
    for step in ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"] {
        let peer = Peer::with([(step, Does::Cuts)]).await;
        let sent = send(&peer).await;
        assert!(
            matches!(sent, Err(SendError::Transient(_))),
            "{step}: {sent:?}"
        );
        assert!(peer.messages().is_empty());
    }
}

#[rstest]
#[case::cut(Does::Cuts)]
#[case::no_answer_at_all(Does::Says("what?"))]
#[case::an_answer_to_something_else(Does::Says("354 go ahead"))]
#[tokio::test]
async fn after_the_last_dot_only_an_answer_tells(#[case] does: Does) {
    let peer = Peer::with([("DOT", does)]).await;
    let sent = send(&peer).await;
    assert!(matches!(sent, Err(SendError::Uncertain(_))), "{sent:?}");
    assert_eq!(peer.messages(), [message()]);
}

#[rstest]
#[case::before_the_mail("EHLO", false)]
#[case::in_the_middle("RCPT", false)]
#[case::after_the_dot("DOT", true)]
#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_for_ever(
    #[case] step: &'static str,
    #[case] is_uncertain: bool,
) {
    let peer = Peer::with([(step, Does::Hangs)]).await;
    let soon = Duration::from_secs(3);
    let mailer = SmtpMailer::new(SmtpOptions {
        patience: SmtpPatience {
            connect: soon,
            command: soon,
            message: soon,
        },
        ..options(&peer)
    });
    let sent = mailer.unwrap().send(&envelope(1), &message()).await;
    match sent {
        Err(SendError::Uncertain(_)) => assert!(is_uncertain),
        Err(SendError::Transient(_)) => assert!(!is_uncertain),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_without_the_protection_that_was_asked_for_hears_nothing() {
    let peer = Peer::with([]).await;
    let mailer = SmtpMailer::new(SmtpOptions {
        tls: SmtpTls::StartTls,
        credentials: Some(credentials()),
        ..options(&peer)
    });
    let sent = mailer.unwrap().send(&envelope(1), &message()).await;
    assert!(matches!(sent, Err(SendError::Transient(_))), "{sent:?}");
    let is_harmless = |command: &String| command.starts_with("EHLO") || command == "QUIT";
    assert!(
        peer.commands().iter().all(is_harmless),
        "{:?}",
        peer.commands()
    );
}

#[test]
fn mails_leave_the_machine_unprotected_only_when_that_is_allowed() {
    for host in ["mail.example.com", "192.0.2.1", "localhost.example.com"] {
        let plain = SmtpOptions::new(host, 25, SmtpTls::None);
        let made = SmtpMailer::new(plain.clone());
        assert!(matches!(made, Err(SmtpOptionsError::Plaintext)), "{host}");
        let allowed = SmtpOptions {
            plaintext_allowed: true,
            ..plain
        };
        assert!(SmtpMailer::new(allowed).is_ok(), "{host}");
        for tls in [SmtpTls::StartTls, SmtpTls::Tls] {
            assert!(SmtpMailer::new(SmtpOptions::new(host, 587, tls)).is_ok());
        }
    }
    for host in ["localhost", "127.0.0.1", "::1"] {
        assert!(SmtpMailer::new(SmtpOptions::new(host, 25, SmtpTls::None)).is_ok());
    }
}

#[tokio::test]
async fn no_secret_and_no_address_is_told() {
    let peer = Peer::with([("AUTH", Does::Says("535 hunter2 is wrong"))]).await;
    let options = SmtpOptions {
        credentials: Some(credentials()),
        ..options(&peer)
    };
    let mailer = SmtpMailer::new(options.clone()).unwrap();
    let refused = mailer.send(&envelope(1), &message()).await.unwrap_err();
    let said = format!("{options:?} {mailer:?} {:?} {refused:?}", envelope(1));
    assert!(!said.contains("hunter2") && !said.contains('@'), "{said}");
}

#[tokio::test]
async fn one_connection_carries_many_mails_and_a_dead_one_is_replaced() {
    let cut = [("NOOP", Does::Cuts)].into_iter().collect();
    let peer = Peer::start(vec![cut, [].into()]).await;
    let mailer = SmtpMailer::new(options(&peer)).unwrap();
    // The first connection dies when it is asked whether it lives; the second one lives.
    for expected in [1, 2, 2, 2] {
        mailer.send(&envelope(1), &message()).await.unwrap();
        assert_eq!(peer.connections(), expected);
    }
    assert_eq!(peer.messages().len(), 4);
}

#[tokio::test]
async fn a_message_that_could_be_taken_for_two_is_never_sent() {
    let peer = Peer::with([]).await;
    let mailer = SmtpMailer::new(options(&peer)).unwrap();
    let smuggled = b"Subject: x\r\n\r\ntext\n.\nMAIL FROM:<x@example.com>\r\n".to_vec();
    for bytes in [smuggled, vec![b'x'; MESSAGE_BYTES_MAX + 1]] {
        let sent = mailer.send(&envelope(1), &bytes).await;
        assert!(matches!(sent, Err(SendError::Permanent { .. })), "{sent:?}");
    }
    assert_eq!(peer.connections(), 0);
}

#[test]
fn every_attempt_has_the_same_message_id() {
    assert_eq!(message_id(&envelope(7)), message_id(&envelope(7)));
    assert_ne!(message_id(&envelope(7)), message_id(&envelope(8)));
}
