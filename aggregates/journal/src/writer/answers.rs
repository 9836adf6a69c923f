//! What a batch came to, for each who waits for it.

use super::inbox::Work;
use super::observe::WriterStats;
use crate::port::{AppendError, Committed, JournalError};

/// The answers of one batch, not yet given.
pub(crate) struct Answers {
    work: Work,
    outcome: Result<Vec<Result<Committed, AppendError>>, JournalError>,
}

impl Answers {
    /// One answer for each append of the work, or one failure for all.
    pub(crate) const fn new(
        work: Work,
        outcome: Result<Vec<Result<Committed, AppendError>>, JournalError>,
    ) -> Self {
        Self { work, outcome }
    }

    /// Answers everybody. A receiver that is gone wanted no answer.
    pub(crate) fn give(self, stats: &WriterStats) {
        let saved = self.outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        for request in self.work.snapshots {
            let _ = request.answer.send(saved.clone());
        }
        let answers = match self.outcome {
            Ok(answers) => answers,
            Err(error) => vec![Err(AppendError::Journal(error)); self.work.appends.len()],
        };
        for (request, answer) in self.work.appends.into_iter().zip(answers) {
            stats.answered(&answer);
            let _ = request.answer.send(answer);
        }
    }
}
