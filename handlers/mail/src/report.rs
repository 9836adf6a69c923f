//! Tells the invoice what became of a mail.

use std::sync::Arc;

use invoiceapp_domain::Ambient;
use invoiceapp_domain::decider::{Actor, Context};
use invoiceapp_domain::invoice::{DeliveryOutcome, DeliveryReport, Invoice, InvoiceCommand};
use invoiceapp_domain::locale::{TimeZoneName, today};
use invoiceapp_journal::execute::{CommandExecutor, ExecuteError, Execution};
use invoiceapp_runtime::{Job, Outcome, derived_command_id};
use invoiceapp_schemas::CommandStamp;
use sha2::{Digest, Sha256};

use crate::reactor::MailReactor;

/// Sends reports as commands.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    executor: CommandExecutor,
    ambient: Arc<dyn Ambient>,
}

impl Reporter {
    pub(crate) const fn new(executor: CommandExecutor, ambient: Arc<dyn Ambient>) -> Self {
        Self { executor, ambient }
    }

    /// Reports an outcome. Once it is in the journal the job is done, whatever the outcome was: a
    /// mail that was refused must not hold up the invoice's other mails.
    pub(crate) async fn report(
        &self,
        job: &Job,
        report: DeliveryReport,
    ) -> Result<Outcome, Outcome> {
        let now = self.ambient.now();
        let context = Context {
            tenant: job.source.stream.tenant.clone(),
            actor: Actor::System(MailReactor::NAME.to_owned()),
            now,
            // No rule about deliveries looks at the day.
            today: today(now, &TimeZoneName::utc()),
        };
        let step = step(report.outcome);
        let command = CommandStamp {
            id: derived_command_id(job.id, step),
            fingerprint: Sha256::digest(step).into(),
        };
        let (stream, correlation) = (job.source.stream.clone(), job.source.correlation_id);
        let execution = Execution::new(stream, command, context, correlation)
            .with_causation(Some(job.source.event_id));
        let command = InvoiceCommand::RecordDelivery(report);
        match self.executor.execute::<Invoice>(execution, command).await {
            Ok(_) => Ok(Outcome::Done),
            Err(error) => Err(not_reported(&error)),
        }
    }
}

/// Each outcome is a command of its own: a later attempt may learn more than an earlier one.
const fn step(outcome: DeliveryOutcome) -> &'static str {
    match outcome {
        DeliveryOutcome::Uncertain => "report/uncertain",
        DeliveryOutcome::Rejected => "report/rejected",
        DeliveryOutcome::Accepted => "report/accepted",
        DeliveryOutcome::Delivered => "report/delivered",
        DeliveryOutcome::Bounced => "report/bounced",
    }
}

fn not_reported<E: std::error::Error + 'static>(error: &ExecuteError<E>) -> Outcome {
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
