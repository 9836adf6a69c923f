//! The mail reactor: waits for the PDF, composes, hands over, reports.
//!
//! Every step may be repeated. The invoice says whether the outcome is known already; the message
//! is the same on every attempt, down to its Message-ID; the report's command id is derived from
//! the job, so the journal absorbs a second one.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use invoiceapp_domain::Ambient;
use invoiceapp_domain::invoice::{
    Delivery, DeliveryOutcome, DeliveryReport, Invoice, InvoiceCommand, IssuedInvoice,
    RecipientDelivery, Rendering, RenderingKind,
};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::party::EmailAddress;
use invoiceapp_domain::text::Reference;
use invoiceapp_journal::execute::CommandExecutor;
use invoiceapp_objects::{ObjectError, ObjectKey, Objects, area};
use invoiceapp_runtime::{
    Job, Lease, Outcome, Plan, PlanError, Reactor, Reporter, Step, rendering_fact,
};
use invoiceapp_schemas::RecordedEvent;
use tracing::warn;

use crate::compose::compose;
use crate::content::InvoiceMail;
use crate::mailer::{Envelope, Mailer, SendError};
use crate::plan::{self, MailJob};

/// Looks again for a rendering after this long, should the wake have been missed.
const RENDERING_CHECK_AFTER: Duration = Duration::from_secs(30);

/// What the mail reactor works with.
#[derive(Debug, Clone)]
pub struct MailParts {
    /// Loads invoices, and takes reports.
    pub executor: CommandExecutor,
    /// Where the PDFs are.
    pub objects: Arc<dyn Objects>,
    /// Where mails go.
    pub mailer: Arc<dyn Mailer>,
    /// The clock.
    pub ambient: Arc<dyn Ambient>,
}

/// Sends invoices to the recipients that deliveries were requested for.
#[derive(Debug, Clone)]
pub struct MailReactor {
    parts: MailParts,
    reporter: Reporter,
}

impl MailReactor {
    /// The reactor's name: checkpoints, jobs and Message-IDs are derived from it.
    pub const NAME: &'static str = "mail";

    /// A reactor over its parts.
    #[must_use]
    pub fn new(parts: MailParts) -> Self {
        let reporter = Reporter::new(
            Self::NAME,
            parts.executor.clone(),
            Arc::clone(&parts.ambient),
        );
        Self { parts, reporter }
    }

    /// The steps of one job; `Err` ends it early.
    async fn deliver(&self, job: &Job, lease: &Lease) -> Result<Outcome, Outcome> {
        let wanted = self.wanted(job).await?;
        let Some(wanted) = wanted else {
            // An earlier attempt reported, and died before the job was marked as done.
            return Ok(Outcome::Done);
        };
        let pdf = self.pdf(job, &wanted).await?;
        let message = match compose(&wanted.envelope, &wanted.mail, &pdf) {
            Ok(message) => message,
            Err(error) => {
                warn!(job = %job.id, reason = %error, "a mail could not be composed");
                return self
                    .report(job, &wanted, DeliveryOutcome::Rejected, None)
                    .await;
            }
        };
        self.begin(job, lease).await?;
        match self.parts.mailer.send(&wanted.envelope, &message).await {
            Ok(accepted) => {
                // The reference is a convenience: one that is too long for the event is left out.
                let reference = Reference::parse(&accepted.reference).ok();
                self.report(job, &wanted, DeliveryOutcome::Accepted, reference)
                    .await
            }
            Err(SendError::Permanent { reason }) => {
                warn!(job = %job.id, reason, "a mail was refused");
                self.report(job, &wanted, DeliveryOutcome::Rejected, None)
                    .await
            }
            Err(error @ SendError::Uncertain(_)) => {
                warn!(job = %job.id, reason = %error, "a mail may or may not have been sent");
                self.report(job, &wanted, DeliveryOutcome::Uncertain, None)
                    .await
            }
            Err(error @ SendError::Transient(_)) => Err(Outcome::Unavailable {
                reason: error.to_string(),
            }),
        }
    }

    /// What is to be sent: the invoice as it was when the delivery was asked for, so that every
    /// attempt says the same. Nothing when the recipient's outcome is known.
    async fn wanted(&self, job: &Job) -> Result<Option<Wanted>, Outcome> {
        let plan: MailJob =
            serde_json::from_value(job.payload.clone()).map_err(|_| park("plan"))?;
        let (executor, stream) = (&self.parts.executor, &job.source.stream);
        let now = executor.load::<Invoice>(stream).await?;
        let now = now.ok_or_else(|| park("invoice"))?.state;
        let (_, known) = find(&now, plan).ok_or_else(|| park("delivery"))?;
        if known.outcome.is_some() {
            return Ok(None);
        }
        let then = executor
            .load_at_version::<Invoice>(stream, job.source.version)
            .await;
        let then = then?.state;
        let issued = then.as_issued().ok_or_else(|| park("issued invoice"))?;
        let (delivery, recipient) = find(&then, plan).ok_or_else(|| park("delivery"))?;
        Ok(Some(Wanted {
            plan,
            envelope: envelope(job, issued, delivery, recipient),
            mail: mail(issued, delivery, recipient),
            rendering: rendering(&now, delivery.locale).cloned(),
        }))
    }

    async fn pdf(&self, job: &Job, wanted: &Wanted) -> Result<Bytes, Outcome> {
        let stream = &job.source.stream;
        let Some(rendering) = &wanted.rendering else {
            let now = self.parts.ambient.now();
            return Err(Outcome::NotYet {
                wake_on: rendering_fact(stream, RenderingKind::Pdf, wanted.mail.locale),
                check_again_at: now.saturating_add(RENDERING_CHECK_AFTER).unwrap_or(now),
            });
        };
        let key = ObjectKey {
            tenant: stream.tenant.clone(),
            area: area::RENDERINGS.to_owned(),
            sha256: rendering.sha256.to_string(),
        };
        match self.parts.objects.get(&key).await {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(park("stored PDF")),
            Err(error @ ObjectError::Unavailable(_)) => Err(Outcome::Unavailable {
                reason: error.to_string(),
            }),
            Err(
                error @ (ObjectError::Damaged { .. }
                | ObjectError::TooLarge
                | ObjectError::MalformedKey),
            ) => Err(Outcome::Park {
                reason: error.to_string(),
            }),
        }
    }

    /// Says durably that the mail goes out now.
    async fn begin(&self, job: &Job, lease: &Lease) -> Result<(), Outcome> {
        if job.interrupted {
            warn!(job = %job.id, "a mail goes out again under its Message-ID");
        }
        match lease.mark_started().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Outcome::Retry {
                reason: "the lease was lost".to_owned(),
            }),
            Err(error) => Err(Outcome::Unavailable {
                reason: error.to_string(),
            }),
        }
    }

    /// Reports an outcome. Once it is in the journal the job is done, whatever the outcome was: a
    /// mail that was refused must not hold up the invoice's other mails.
    async fn report(
        &self,
        job: &Job,
        wanted: &Wanted,
        outcome: DeliveryOutcome,
        reference: Option<Reference>,
    ) -> Result<Outcome, Outcome> {
        let report = DeliveryReport {
            delivery_id: wanted.plan.delivery_id,
            recipient: wanted.envelope.to.clone(),
            outcome,
            provider_ref: reference,
        };
        let (step, command) = (step(outcome), InvoiceCommand::RecordDelivery(report));
        self.reporter.report::<Invoice>(job, step, command).await?;
        Ok(Outcome::Done)
    }
}

#[async_trait]
impl Reactor for MailReactor {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn plan(&self, event: &RecordedEvent) -> Result<Plan, PlanError> {
        plan::plan(event)
    }

    async fn act(&self, job: &Job, lease: &Lease) -> Outcome {
        self.deliver(job, lease)
            .await
            .unwrap_or_else(|outcome| outcome)
    }
}

/// One mail that is to be sent.
struct Wanted {
    plan: MailJob,
    envelope: Envelope,
    mail: InvoiceMail,
    rendering: Option<Rendering>,
}

fn find(invoice: &Invoice, plan: MailJob) -> Option<(&Delivery, &RecipientDelivery)> {
    let delivery = invoice.as_issued()?.deliveries.get(plan.delivery_id)?;
    Some((delivery, delivery.recipients.get(plan.recipient)?))
}

/// The newest PDF in a language.
fn rendering(invoice: &Invoice, locale: Locale) -> Option<&Rendering> {
    let mut renderings = invoice.as_issued()?.renderings.iter().rev();
    renderings.find(|it| it.kind == RenderingKind::Pdf && it.locale == locale)
}

fn envelope(
    job: &Job,
    issued: &IssuedInvoice,
    delivery: &Delivery,
    recipient: &RecipientDelivery,
) -> Envelope {
    Envelope {
        id: job.id.0,
        requested_at: delivery.requested_at,
        from: issued.document.seller.email.clone(),
        to: recipient.recipient.clone(),
    }
}

fn mail(issued: &IssuedInvoice, delivery: &Delivery, recipient: &RecipientDelivery) -> InvoiceMail {
    let document = &issued.document;
    let buyer = &document.buyer;
    let is_buyer = |email: &&EmailAddress| email.normalised() == recipient.recipient.normalised();
    InvoiceMail {
        locale: delivery.locale,
        document_type: document.document_type,
        seller: document.seller.clone(),
        recipient_name: buyer
            .email
            .as_ref()
            .filter(is_buyer)
            .map(|_| buyer.name.clone()),
        number: document.number.text.clone(),
        issue_date: document.issue_date,
        due_date: document.due_date,
        total: document.totals.tax_inclusive,
        amount_due: issued.balance(),
        message: delivery.message.clone(),
    }
}

/// Each outcome is a step of its own: a later attempt may learn more than an earlier one.
fn step(outcome: DeliveryOutcome) -> Step {
    Step::new(match outcome {
        DeliveryOutcome::Uncertain => "report/uncertain",
        DeliveryOutcome::Rejected => "report/rejected",
        DeliveryOutcome::Accepted => "report/accepted",
        DeliveryOutcome::Delivered => "report/delivered",
        DeliveryOutcome::Bounced => "report/bounced",
    })
}

fn park(missing: &str) -> Outcome {
    Outcome::Park {
        reason: format!("the job's {missing} is not there"),
    }
}
