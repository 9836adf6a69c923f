//! Tells the invoice that its rendering is stored.

use invoiceapp_domain::decider::{Actor, Context};
use invoiceapp_domain::invoice::{Invoice, InvoiceCommand, InvoiceRefusal, RenderingReport};
use invoiceapp_domain::locale::{TimeZoneName, today};
use invoiceapp_journal::execute::{ExecuteError, Execution};
use invoiceapp_runtime::{Job, Outcome, derived_command_id};
use invoiceapp_schemas::CommandStamp;
use sha2::{Digest, Sha256};

use super::{PdfParts, PdfReactor};

/// The step whose command id the report has.
const STEP: &str = "attach";

/// Reports a rendering as a command.
pub(super) async fn report(
    parts: &PdfParts,
    job: &Job,
    report: RenderingReport,
) -> Result<Outcome, Outcome> {
    let now = parts.ambient.now();
    let context = Context {
        tenant: job.source.stream.tenant.clone(),
        actor: Actor::System(PdfReactor::NAME.to_owned()),
        now,
        // No rule about renderings looks at the day.
        today: today(now, &TimeZoneName::utc()),
    };
    let fingerprint = Sha256::new()
        .chain_update(STEP)
        .chain_update(report.locale.tag())
        .chain_update(report.sha256.as_str());
    let stamp = CommandStamp {
        id: derived_command_id(job.id, STEP),
        fingerprint: fingerprint.finalize().into(),
    };
    let (stream, correlation) = (job.source.stream.clone(), job.source.correlation_id);
    let execution = Execution::new(stream, stamp, context, correlation)
        .with_causation(Some(job.source.event_id));
    let command = InvoiceCommand::AttachRendering(report);
    match parts.executor.execute::<Invoice>(execution, command).await {
        Ok(_) => Ok(Outcome::Done),
        Err(error) => not_reported(&error),
    }
}

fn not_reported(error: &ExecuteError<InvoiceRefusal>) -> Result<Outcome, Outcome> {
    let reason = error.to_string();
    match error {
        // An older program reported other bytes of the same document: they are the ones that count.
        ExecuteError::Refused(InvoiceRefusal::RenderingExists { .. })
        | ExecuteError::CommandReused => Ok(Outcome::Done),
        ExecuteError::Journal(_) | ExecuteError::Load(_) => Err(Outcome::Unavailable { reason }),
        ExecuteError::Conflict => Err(Outcome::Retry { reason }),
        ExecuteError::Refused(_)
        | ExecuteError::VersionMismatch { .. }
        | ExecuteError::ClaimTaken { .. }
        | ExecuteError::SeriesDateBeforeLast { .. }
        | ExecuteError::NotFound
        | ExecuteError::TooLarge { .. }
        | ExecuteError::Unwritable { .. } => Err(Outcome::Park { reason }),
    }
}
