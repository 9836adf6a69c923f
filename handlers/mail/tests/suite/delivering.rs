//! The folder of mails: whole files, durable, never one twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::locale::Locale;
use invoiceapp_mail::conformance::{self, Inbox, Target};
use invoiceapp_mail::{MESSAGE_BYTES_MAX, Maildir, Mailer, SendError, compose};
use mail_parser::MessageParser;
use tempfile::TempDir;

use crate::fixtures::{PDF, envelope, mail};

/// The folder as any other program sees it.
struct Folder(PathBuf);

#[async_trait]
impl Inbox for Folder {
    async fn messages(&self) -> Vec<Vec<u8>> {
        files(&self.0.join("new"))
            .into_iter()
            .map(|file| fs::read(file).unwrap())
            .collect()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

fn counts(folder: &TempDir) -> [usize; 3] {
    ["tmp", "new", "cur"].map(|name| files(&folder.path().join(name)).len())
}

fn message() -> Vec<u8> {
    compose(&envelope(1), &mail(Locale::En), PDF).unwrap()
}

#[tokio::test]
async fn a_maildir_keeps_every_promise_of_the_port() {
    let folder = TempDir::new().unwrap();
    let mailer = Arc::new(Maildir::open(folder.path()).unwrap());
    let target = Target {
        mailer,
        inbox: Box::new(Folder(folder.path().to_owned())),
    };
    conformance::all(&target).await.unwrap();
    assert_eq!(counts(&folder)[0], 0);
}

#[tokio::test]
async fn a_repeated_mail_is_one_file_also_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let first = Maildir::open(folder.path())
        .unwrap()
        .send(&envelope(1), &message())
        .await
        .unwrap();
    let again = Maildir::open(folder.path())
        .unwrap()
        .send(&envelope(1), &message())
        .await
        .unwrap();
    assert_eq!(first, again);
    assert_eq!(counts(&folder), [0, 1, 0]);
}

#[tokio::test]
async fn a_repeated_mail_is_one_file_when_a_reader_has_moved_the_first() {
    for flags in ["", ":2,", ":2,RS"] {
        let folder = TempDir::new().unwrap();
        let mailer = Maildir::open(folder.path()).unwrap();
        let accepted = mailer.send(&envelope(1), &message()).await.unwrap();
        let seen = folder
            .path()
            .join("cur")
            .join(format!("{}{flags}", accepted.reference));
        fs::rename(mailer.arrivals().join(&accepted.reference), seen).unwrap();
        mailer.send(&envelope(1), &message()).await.unwrap();
        assert_eq!(counts(&folder), [0, 0, 1], "{flags}");
    }
}

#[tokio::test]
async fn two_workers_with_the_same_mail_leave_one_file() {
    let folder = TempDir::new().unwrap();
    let mailer = Maildir::open(folder.path()).unwrap();
    let (envelope, message) = (envelope(1), message());
    let send = || mailer.send(&envelope, &message);
    let (first, second, third) = tokio::join!(send(), send(), send());
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    assert_eq!(counts(&folder), [0, 1, 0]);
}

#[tokio::test]
async fn what_a_dead_process_left_unfinished_is_removed_and_never_seen() {
    let folder = TempDir::new().unwrap();
    let mailer = Maildir::open(folder.path()).unwrap();
    let accepted = mailer.send(&envelope(1), &message()).await.unwrap();
    let unfinished = folder
        .path()
        .join("tmp")
        .join(format!("0.{}", accepted.reference));
    fs::write(unfinished, "From: half a m").unwrap();
    fs::remove_file(mailer.arrivals().join(&accepted.reference)).unwrap();

    let restarted = Maildir::open(folder.path()).unwrap();
    assert_eq!(counts(&folder), [0, 0, 0]);
    restarted.send(&envelope(1), &message()).await.unwrap();
    assert_eq!(counts(&folder), [0, 1, 0]);
    let file = fs::read(restarted.arrivals().join(&accepted.reference)).unwrap();
    assert!(MessageParser::default().parse(&file).is_some());
    assert_eq!(file, message());
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_a_fault_that_may_pass() {
    let folder = TempDir::new().unwrap();
    let mailer = Maildir::open(folder.path()).unwrap();
    // A file in the place of a folder refuses every user, the superuser too.
    fs::remove_dir(folder.path().join("tmp")).unwrap();
    fs::write(folder.path().join("tmp"), "").unwrap();
    let refused = mailer.send(&envelope(1), &message()).await.unwrap_err();
    assert!(matches!(refused, SendError::Transient(_)), "{refused:?}");
    assert!(mailer.check().await.is_err());

    fs::remove_file(folder.path().join("tmp")).unwrap();
    fs::create_dir(folder.path().join("tmp")).unwrap();
    mailer.check().await.unwrap();
    mailer.send(&envelope(1), &message()).await.unwrap();
    assert_eq!(counts(&folder), [0, 1, 0]);
}

#[tokio::test]
async fn a_mail_beyond_the_limit_is_refused_for_good() {
    let folder = TempDir::new().unwrap();
    let mailer = Maildir::open(folder.path()).unwrap();
    let refused = mailer
        .send(&envelope(1), &vec![b'x'; MESSAGE_BYTES_MAX + 1])
        .await
        .unwrap_err();
    assert!(
        matches!(refused, SendError::Permanent { .. }),
        "{refused:?}"
    );
    assert_eq!(counts(&folder), [0, 0, 0]);
}
