//! A real process that is killed with -9 while it appends: whatever it had acknowledged is there.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use invoiceapp_domain::Ambient;
use invoiceapp_journal::conformance::SteppingAmbient;
use invoiceapp_journal::execute::CommandExecutor;
use invoiceapp_journal::port::{Journal, READ_EVENTS_MAX, is_last_page};
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_journal::verify::verify;
use invoiceapp_schemas::CommandId;
use uuid::Uuid;

use crate::ledger::{Ledger, close, execution, ledger, open};

/// How often the process is killed.
const ROUNDS: u16 = 6;
/// Acknowledged commands after which it is killed; each round waits for more.
const ACKNOWLEDGED_PER_ROUND: usize = 40;
/// Commands that are under way at once.
const IN_FLIGHT: usize = 16;
/// What the child's argument begins with; no test has a name like it.
const DATA_ARGUMENT: &str = "crash-data=";

/// The child: opens and closes ledgers, each taking a number, and prints what was acknowledged.
/// Run by itself, without the argument, it has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_process_appends_until_it_is_killed() {
    let argument = std::env::args().find(|argument| argument.starts_with(DATA_ARGUMENT));
    let Some(argument) = argument else {
        return;
    };
    let (round, path) = argument[DATA_ARGUMENT.len()..].split_once(',').unwrap();
    let ambient = SteppingAmbient::new(round.parse().unwrap());
    let options = SqliteOptions::new(path);
    let journal = SqliteJournal::open(options, Arc::<SteppingAmbient>::clone(&ambient)).await;
    let executor = CommandExecutor::new(Arc::new(journal.unwrap()));
    let mut under_way = FuturesUnordered::new();
    loop {
        while under_way.len() < IN_FLIGHT {
            let (executor, key) = (executor.clone(), ambient.new_id());
            let (opening, closing) = (ambient.new_id().as_u128(), ambient.new_id().as_u128());
            under_way.push(async move {
                let stream = ledger(key);
                let opened = execution(&stream, opening);
                executor
                    .execute::<Ledger>(opened, open(key.to_string()))
                    .await
                    .unwrap();
                let closed = execution(&stream, closing);
                executor.execute::<Ledger>(closed, close()).await.unwrap();
                (opening, closing)
            });
        }
        let (opening, closing) = under_way.next().await.unwrap();
        let mut output = std::io::stdout().lock();
        writeln!(
            output,
            "acknowledged {opening:032x}\nacknowledged {closing:032x}"
        )
        .unwrap();
        output.flush().unwrap();
    }
}

/// Runs the child and kills it in the middle; returns what it had acknowledged.
fn appended_until_killed(path: &Path, round: u16) -> Vec<CommandId> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "crash::a_child_process_appends_until_it_is_killed",
            "--nocapture",
        ])
        .arg(format!("{DATA_ARGUMENT}{round},{}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut acknowledged = Vec::new();
    for line in lines {
        if let Some((_, id)) = line.split_once("acknowledged ") {
            let id = u128::from_str_radix(id, 16).unwrap();
            acknowledged.push(CommandId(Uuid::from_u128(id)));
        }
        if acknowledged.len() == ACKNOWLEDGED_PER_ROUND + 7 * usize::from(round) {
            // SIGKILL; what was written to the pipe before it is still read.
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success(), "it was killed");
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_killed_process_had_acknowledged_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    let mut acknowledged: Vec<CommandId> = Vec::new();
    for round in 1..=ROUNDS {
        let place = path.clone();
        let killed = tokio::task::spawn_blocking(move || appended_until_killed(&place, round));
        acknowledged.extend(killed.await.unwrap());

        let options = SqliteOptions::new(&path);
        let journal = SqliteJournal::open(options, SteppingAmbient::new(0))
            .await
            .unwrap();
        let verification = verify(&journal, |_, _| ()).await.unwrap();
        assert_eq!(verification.fault, None);
        assert_eq!(verification.events, verification.head.position);
        for command in &acknowledged {
            assert!(
                journal.receipt_of(*command).await.unwrap().is_some(),
                "round {round}"
            );
        }
        assert_numbers_are_dense(&journal).await;
        journal.close().await;
    }
    assert!(acknowledged.len() >= usize::from(ROUNDS) * ACKNOWLEDGED_PER_ROUND);
}

async fn assert_numbers_are_dense(journal: &SqliteJournal) {
    let (mut after, mut last) = (0, 0);
    loop {
        let page = journal.read_all(after, READ_EVENTS_MAX).await.unwrap();
        for event in &page {
            after = event.position;
            if let Some(number) = event.metadata().unwrap().number {
                assert_eq!(number.sequence, last + 1);
                last = number.sequence;
            }
        }
        if is_last_page(&page, READ_EVENTS_MAX) {
            assert!(last > 0);
            return;
        }
    }
}
