//! Random histories, with restarts and a second writer in between, against the reference model.

use std::sync::Arc;

use futures::future::join_all;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::Subject;
use super::fixture::{AppendExt, SteppingAmbient, append, assert_whole, day, everything, stream};
use super::model::{Model, Outcome};
use crate::port::{Append, Committed, Journal};

/// How many histories are tried.
const HISTORIES: u32 = 48;

/// One wish of a history, in small numbers so that wishes get in each other's way.
#[derive(Debug, Clone)]
struct Wish {
    stream: u8,
    /// Added to the right version: mostly nothing.
    off_by: u64,
    events: u64,
    /// The command of an earlier wish, and whether it asks for something else.
    repeats: Option<(usize, bool)>,
    claims: Vec<(bool, u8)>,
    guard: Option<(u8, u64)>,
    number: Option<(u8, u8, i8)>,
}

#[derive(Debug, Clone)]
enum Step {
    /// Sent at once, without waiting for each other.
    Together(Vec<Wish>),
    /// Sent to another writer on the same data.
    ByAnother(Wish),
    Reopen,
}

fn wish() -> impl Strategy<Value = Wish> {
    let off_by = prop_oneof![6 => Just(0_u64), 1 => 1_u64..3];
    let repeats = prop::option::weighted(0.15, (any::<prop::sample::Index>(), any::<bool>()));
    let repeats = repeats.prop_map(|it| it.map(|(index, other)| (index.index(64), other)));
    let claims = prop_oneof![3 => Just(Vec::new()), 2 => vec((any::<bool>(), 0_u8..3), 1..3)];
    let guard = prop::option::weighted(0.2, (0_u8..4, prop_oneof![3 => Just(0_u64), 1 => Just(1)]));
    let number = prop::option::weighted(0.3, (0_u8..2, 0_u8..2, 1_i8..6));
    (0_u8..4, off_by, 0_u64..3, repeats, claims, guard, number).prop_map(
        |(stream, off_by, events, repeats, claims, guard, number)| {
            let events = if claims.is_empty() && number.is_none() {
                events
            } else {
                events.max(1)
            };
            Wish {
                stream,
                off_by,
                events,
                repeats,
                claims,
                guard,
                number,
            }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => vec(wish(), 1..12).prop_map(Step::Together),
        2 => wish().prop_map(Step::ByAnother),
        1 => Just(Step::Reopen),
    ]
}

/// The wishes so far, as they were sent, and the model that says what they come to.
#[derive(Default)]
struct History {
    model: Model,
    sent: Vec<(Append, u64)>,
}

impl History {
    /// Turns a wish into an append and says what must become of it.
    fn send(&mut self, wish: &Wish) -> (Append, Result<Outcome, crate::port::AppendError>) {
        let (append, count) = self.append_of(wish);
        self.sent.push((append.clone(), count));
        let outcome = self.model.append(&append, count);
        (append, outcome)
    }

    fn append_of(&self, wish: &Wish) -> (Append, u64) {
        if let Some((index, is_other)) = wish.repeats
            && let Some((append, count)) = self.sent.get(index % self.sent.len().max(1))
        {
            let mut append = append.clone();
            append.command.fingerprint[31] ^= u8::from(is_other);
            return (append, *count);
        }
        let to = stream(wish.stream);
        let number = u128::try_from(self.sent.len()).unwrap();
        let expected_version = self.model.version(&to) + wish.off_by;
        let mut append = append(&to, expected_version, number, wish.events);
        for (take, value) in &wish.claims {
            let value = value.to_string();
            append = if *take {
                append.taking(&value)
            } else {
                append.releasing(&value)
            };
        }
        if let Some((guarded, off_by)) = wish.guard {
            let guarded = stream(guarded);
            append = append.guarding(&guarded, self.model.version(&guarded) + off_by);
        }
        if let Some((series, period, on)) = wish.number {
            append = append.numbered(&format!("S{series}"), &period.to_string(), day(on));
        }
        (append, wish.events)
    }
}

fn outcome(committed: Committed) -> Outcome {
    let sequence = committed.number.map(|number| number.sequence);
    (committed.version, committed.position, sequence)
}

async fn play(subject: &dyn Subject, steps: &[Step]) {
    let mut history = History::default();
    let mut journal = subject.open(SteppingAmbient::new(1)).await;
    let mut another: Option<Arc<dyn Journal>> = None;
    for step in steps {
        match step {
            Step::Reopen => {
                subject.close_all().await;
                another = None;
                journal = subject.open(SteppingAmbient::new(1)).await;
            }
            Step::ByAnother(wish) => {
                let another = match &another {
                    Some(another) => Arc::clone(another),
                    None => subject.open(SteppingAmbient::new(2)).await,
                };
                let (append, expected) = history.send(wish);
                assert_eq!(another.append(append).await.map(outcome), expected);
            }
            Step::Together(wishes) => {
                let sent: Vec<_> = wishes.iter().map(|wish| history.send(wish)).collect();
                let answers = sent
                    .iter()
                    .map(|(append, _)| journal.append(append.clone()));
                for (answer, (_, expected)) in join_all(answers).await.into_iter().zip(&sent) {
                    assert_eq!(answer.map(outcome), *expected);
                }
            }
        }
    }
    let events = everything(journal.as_ref()).await;
    let written: Vec<_> = events
        .into_iter()
        .map(|event| (event.stream, event.version))
        .collect();
    assert_eq!(written, history.model.events);
    assert_whole(journal.as_ref(), u64::try_from(written.len()).unwrap()).await;
    subject.close_all().await;
}

/// Every answer and the whole content are those of the model, whatever happened in between.
pub fn random_histories_agree_with_the_reference_model<S: Subject>(make: impl Fn() -> S) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config {
        cases: HISTORIES,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&vec(step(), 1..12), |steps| {
        let subject = make();
        runtime.block_on(play(&subject, &steps));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
