//! Tells the invoice that its rendering is stored.

use invoiceapp_domain::invoice::{Invoice, InvoiceCommand, InvoiceRefusal, RenderingReport};
use invoiceapp_journal::execute::ExecuteError;
use invoiceapp_runtime::{Job, Outcome, Reporter, Step};

/// Reports a rendering as a command.
pub(super) async fn report(
    reporter: &Reporter,
    job: &Job,
    report: RenderingReport,
) -> Result<Outcome, Outcome> {
    let step = Step::new("attach")
        .with_content(report.locale.tag())
        .with_content(report.sha256.as_str());
    let command = InvoiceCommand::AttachRendering(report);
    match reporter.report::<Invoice>(job, step, command).await {
        // An older program reported other bytes of the same document: they are the ones that count.
        Ok(())
        | Err(
            ExecuteError::Refused(InvoiceRefusal::RenderingExists { .. })
            | ExecuteError::CommandReused,
        ) => Ok(Outcome::Done),
        Err(error) => Err(error.into()),
    }
}
