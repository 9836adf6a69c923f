//! The mail reactor: waits for the PDF, composes, hands over, reports.
//!
//! Every step may be repeated. The invoice says whether the outcome is known already; the message
//! is the same on every attempt, down to its Message-ID; the report's command id is derived from
//! the job, so the journal absorbs a second one.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
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
use invoiceapp_objects::{ObjectKey, Objects, area};
use invoiceapp_observe::metrics::metrics;
use invoiceapp_runtime::{
    Job, Lease, Outcome, Plan, PlanError, Reactor, Reporter, Step, rendering_fact,
};
use invoiceapp_schemas::RecordedEvent;
use tracing::warn;

use crate::compose::compose;
use crate::content::InvoiceMail;
use crate::mailer::{Accepted, Envelope, Mailer, SendError};
use crate::plan::{self, MailJob};

/// Looks again for a rendering after this long, should the wake have been missed.
const RENDERING_CHECK_AFTER: Duration = Duration::from_secs(30);
/// Until a report that the journal did not take is tried again, at first and at most. Short, because
/// when the journal is back another worker may take the job up.
const REPORT_WAIT_FIRST: Duration = Duration::from_millis(50);
const REPORT_WAIT_MAX: Duration = Duration::from_millis(500);

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

/// What to do with a mail of which nobody knows whether it was accepted (RFC 1047). It is reported as
/// uncertain in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhenUncertain {
    /// Send it again under the same Message-ID: never none, rarely two. Parked when that keeps ending
    /// in the same way.
    #[default]
    Resend,
    /// Leave it to a person: never two, rarely none.
    Park,
}

impl WhenUncertain {
    /// What becomes of the job.
    fn outcome(self, reason: String) -> Outcome {
        match self {
            Self::Resend => Outcome::Retry { reason },
            Self::Park => Outcome::Park { reason },
        }
    }
}

/// Sends invoices to the recipients that deliveries were requested for.
#[derive(Debug, Clone)]
pub struct MailReactor {
    parts: MailParts,
    reporter: Reporter,
    uncertain: WhenUncertain,
    sender: Option<EmailAddress>,
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
        Self {
            parts,
            reporter,
            uncertain: WhenUncertain::default(),
            sender: None,
        }
    }

    /// Whose mails they are at the mail server, for all sellers: answers go to the seller. Without it
    /// each is sent as the seller's own.
    #[must_use]
    pub fn with_sender(mut self, sender: Option<EmailAddress>) -> Self {
        self.sender = sender;
        self
    }

    /// What to do with a mail of which nobody knows whether it was accepted.
    #[must_use]
    pub const fn with_uncertain(mut self, uncertain: WhenUncertain) -> Self {
        self.uncertain = uncertain;
        self
    }

    /// The steps of one job; `Err` ends it early.
    async fn deliver(&self, job: &Job, lease: &Lease) -> Result<(), Outcome> {
        let Some(wanted) = self.wanted(job).await? else {
            // An earlier attempt reported, and died before the job was marked as done.
            return Ok(());
        };
        // First of all: whatever keeps the mail from going out again, the doubt is recorded.
        if job.interrupted && !self.parts.mailer.absorbs_repeats() {
            self.interrupted(job, &wanted).await?;
        }
        let pdf = self.pdf(job, &wanted).await?;
        let message = match compose(&wanted.envelope, &wanted.mail, &pdf) {
            Ok(message) => message,
            Err(error) => return self.rejected(job, &wanted, &error.to_string()).await,
        };
        begin(lease).await?;
        let sent = self.parts.mailer.send(&wanted.envelope, &message).await;
        count(&sent);
        match sent {
            Ok(accepted) => {
                // The reference is a convenience: one that is too long for the event is left out.
                let reference = Reference::parse(&accepted.reference).ok();
                self.report(job, &wanted, DeliveryOutcome::Accepted, reference)
                    .await
            }
            Err(SendError::Permanent { reason }) => self.rejected(job, &wanted, &reason).await,
            Err(error @ SendError::Uncertain(_)) => {
                warn!(job = %job.id, reason = %error, "a mail may or may not have been sent");
                self.report(job, &wanted, DeliveryOutcome::Uncertain, None)
                    .await?;
                Err(self.uncertain.outcome(error.to_string()))
            }
            Err(error @ SendError::Transient(_)) => Err(Outcome::Unavailable {
                reason: error.to_string(),
            }),
        }
    }

    /// Reports a mail that will never be taken as it is, and leaves it to a person. A later retry by
    /// hand may still succeed: an accepted mail outranks a rejected one.
    async fn rejected(&self, job: &Job, wanted: &Wanted, reason: &str) -> Result<(), Outcome> {
        self.report(job, wanted, DeliveryOutcome::Rejected, None)
            .await?;
        Err(Outcome::Park {
            reason: format!("the mail was rejected: {reason}"),
        })
    }

    /// An earlier attempt began to send and never said how that ended.
    async fn interrupted(&self, job: &Job, wanted: &Wanted) -> Result<(), Outcome> {
        self.report(job, wanted, DeliveryOutcome::Uncertain, None)
            .await?;
        match self.uncertain {
            WhenUncertain::Resend => {
                warn!(job = %job.id, "a mail is to go out again under its Message-ID");
                Ok(())
            }
            WhenUncertain::Park => {
                let reason = "a process died while it sent the mail".to_owned();
                Err(Outcome::Park { reason })
            }
        }
    }

    /// What is to be sent: the invoice as it was when the delivery was asked for, so that every
    /// attempt says the same. Nothing when the recipient's mail is known to have been accepted.
    async fn wanted(&self, job: &Job) -> Result<Option<Wanted>, Outcome> {
        let plan: MailJob =
            serde_json::from_value(job.payload.clone()).map_err(|_| park("plan"))?;
        let (executor, stream) = (&self.parts.executor, &job.source.stream);
        let now = executor.load::<Invoice>(stream).await?;
        let now = now.ok_or_else(|| park("invoice"))?;
        let (_, known) = find(&now.state, plan).ok_or_else(|| park("delivery"))?;
        if known.outcome >= Some(DeliveryOutcome::Accepted) {
            return Ok(None);
        }
        let then = executor
            .load_at_version::<Invoice>(stream, job.source.version)
            .await;
        let then = then?;
        let issued = then
            .state
            .as_issued()
            .ok_or_else(|| park("issued invoice"))?;
        let (delivery, recipient) = find(&then.state, plan).ok_or_else(|| park("delivery"))?;
        Ok(Some(Wanted {
            plan,
            envelope: envelope(job, issued, delivery, (self.sender.as_ref(), recipient)),
            mail: mail(issued, delivery, recipient),
            rendering: rendering(&now.state, delivery.locale).cloned(),
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
        let pdf = self.parts.objects.get(&key).await;
        let pdf = pdf.map_err(|error| Outcome::of_part(&error, error.may_pass()))?;
        pdf.ok_or_else(|| park("stored PDF"))
    }

    /// Reports an outcome. Once this returns `Ok`, it is in the journal. While the journal is away, or
    /// the reports of the delivery's other mails are faster each time, it is tried again, as long as the
    /// act may take: nobody else knows what a mail server has said, and whoever takes the job up without
    /// knowing it sends the mail once more. The jitter lets mails that got in each other's way come back
    /// apart.
    async fn report(
        &self,
        job: &Job,
        wanted: &Wanted,
        outcome: DeliveryOutcome,
        reference: Option<Reference>,
    ) -> Result<(), Outcome> {
        let report = DeliveryReport {
            delivery_id: wanted.plan.delivery_id,
            recipient: wanted.envelope.to.clone(),
            outcome,
            provider_ref: reference,
        };
        let attempt = || async {
            let command = InvoiceCommand::RecordDelivery(report.clone());
            let reported = self.reporter.report::<Invoice>(job, step(outcome), command);
            reported.await.map_err(Outcome::from)
        };
        let waits = ExponentialBuilder::default()
            .with_min_delay(REPORT_WAIT_FIRST)
            .with_max_delay(REPORT_WAIT_MAX)
            .without_max_times()
            .with_jitter();
        attempt.retry(waits).when(may_pass).await
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
        let delivered = self.deliver(job, lease).await;
        delivered.map_or_else(|outcome| outcome, |()| Outcome::Done)
    }
}

/// Whether the same report may be taken later: the journal is away, or others wrote to the invoice.
fn may_pass(failure: &Outcome) -> bool {
    matches!(failure, Outcome::Unavailable { .. } | Outcome::Retry { .. })
}

/// Says durably that the mail goes out now.
async fn begin(lease: &Lease) -> Result<(), Outcome> {
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
    (sender, recipient): (Option<&EmailAddress>, &RecipientDelivery),
) -> Envelope {
    let seller = &issued.document.seller.email;
    Envelope {
        id: job.id.0,
        requested_at: delivery.requested_at,
        from: sender.unwrap_or(seller).clone(),
        reply_to: seller.clone(),
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
fn count(sent: &Result<Accepted, SendError>) {
    let outcome = match sent {
        Ok(_) => "sent",
        Err(SendError::Permanent { .. }) => "failed",
        Err(SendError::Uncertain(_)) => "uncertain",
        Err(SendError::Transient(_)) => "deferred",
    };
    metrics()
        .mail_deliveries
        .with_label_values(&[outcome])
        .inc();
}

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
