//! Reports as commands, under ids that are derived from the job: a report that is sent again after
//! a crash is absorbed by the receipt of the first.

use invoiceapp_domain::locale::{TimeZoneName, today};
use invoiceapp_domain::{Actor, Context, Decider};
use invoiceapp_journal::execute::{ExecuteError, Execution};
use invoiceapp_runtime::{Job, Outcome, derived_command_id};
use invoiceapp_schemas::CommandStamp;
use sha2::{Digest, Sha256};

use super::NAME;
use crate::parts::MediaParts;

/// Sends a command to the stream that the job's event came from.
pub(super) async fn report<A: Decider>(
    parts: &MediaParts,
    job: &Job,
    step: &str,
    command: A::Command,
) -> Result<(), ExecuteError<A::Refusal>> {
    let now = parts.ambient.now();
    let stream = job.source.stream.clone();
    let context = Context {
        tenant: stream.tenant.clone(),
        actor: Actor::System(NAME.to_owned()),
        now,
        // No rule about these reports looks at the day.
        today: today(now, &TimeZoneName::utc()),
    };
    // The step, not its content: the first report of a step is the one that counts.
    let stamp = CommandStamp {
        id: derived_command_id(job.id, step),
        fingerprint: Sha256::digest(step).into(),
    };
    let execution = Execution::new(stream, stamp, context, job.source.correlation_id)
        .with_causation(Some(job.source.event_id));
    parts
        .executor
        .execute::<A>(execution, command)
        .await
        .map(|_| ())
}

/// What a report that was not taken means for the job.
pub(super) fn report_outcome<E: std::error::Error + 'static>(error: &ExecuteError<E>) -> Outcome {
    let reason = error.to_string();
    match error {
        ExecuteError::Journal(_) | ExecuteError::Load(_) => Outcome::Unavailable { reason },
        ExecuteError::Conflict => Outcome::Retry { reason },
        ExecuteError::Refused(_)
        | ExecuteError::VersionMismatch { .. }
        | ExecuteError::CommandReused
        | ExecuteError::ClaimTaken { .. }
        | ExecuteError::SeriesDateBeforeLast { .. }
        | ExecuteError::NotFound
        | ExecuteError::TooLarge { .. }
        | ExecuteError::Unwritable { .. } => Outcome::Park { reason },
    }
}
