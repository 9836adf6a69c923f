//! Invoices as the running system writes them from draft to paid, nine events each, as `up` was seen to
//! write them: a draft with a line, two lines more, the issue, the PDF and its place in the archive, the
//! wish to have it delivered, the mail, the payment. Many are in work at once, so that their events
//! mix; and a payment comes when many others have been delivered meanwhile.

use std::collections::VecDeque;

use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::ids::{DeliveryId, DocumentId};
use invoiceapp_domain::invoice::{
    ArchiveRendering, DeliveryOutcome, DeliveryReport, DeliveryRequest, InvoiceCommand,
    RenderingKind, RenderingReport,
};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::party::EmailAddress;
use invoiceapp_domain::text::Reference;
use invoiceapp_domain::{Ambient, StreamId};
use invoiceapp_projections::conformance::history::{Invoices, Seeded, TENANTS, TODAY};

/// Invoices whose next event may be the next one in the journal.
const IN_WORK: u64 = 100;
/// Delivered invoices that are not paid yet.
const UNPAID: usize = 200;
/// Events of an invoice before its payment.
const EVENTS_BEFORE_PAYMENT: u32 = 8;

/// An invoice, and how many events it has.
struct InWork {
    stream: StreamId,
    document_id: DocumentId,
    delivery_id: DeliveryId,
    events: u32,
}

/// All invoices of a history.
pub(crate) struct Lives<'a> {
    invoices: &'a Invoices,
    ambient: &'a dyn Ambient,
    random: Seeded,
    in_work: Vec<InWork>,
    unpaid: VecDeque<StreamId>,
    /// How many were begun.
    pub(crate) begun: u64,
}

impl<'a> Lives<'a> {
    pub(crate) fn new(invoices: &'a Invoices, ambient: &'a dyn Ambient) -> Self {
        Self {
            invoices,
            ambient,
            random: Seeded::new(1),
            in_work: Vec::new(),
            unpaid: VecDeque::new(),
            begun: 0,
        }
    }

    /// Writes one more event.
    pub(crate) async fn step(&mut self) {
        if self.unpaid.len() > UNPAID
            && let Some(stream) = self.unpaid.pop_front()
        {
            self.invoices.pay(&stream, "5", TODAY).await;
            return;
        }
        let nth = usize::try_from(self.random.below(IN_WORK)).expect("fits");
        let Some(life) = self.in_work.get_mut(nth) else {
            let begun = self.begin().await;
            self.in_work.push(begun);
            return;
        };
        life.go_on(self.invoices).await;
        life.events += 1;
        if life.events == EVENTS_BEFORE_PAYMENT {
            let delivered = self.in_work.swap_remove(nth);
            self.unpaid.push_back(delivered.stream);
        }
    }

    async fn begin(&mut self) -> InWork {
        let tenant = TENANTS[usize::try_from(self.begun % 2).expect("fits")];
        self.begun += 1;
        let buyer = format!("Buyer {}", self.random.below(50));
        let units = u32::try_from(self.random.below(40) + 1).expect("fits");
        let stream = self.invoices.draft(tenant, &buyer, units).await;
        InWork {
            stream,
            document_id: DocumentId(self.ambient.new_id()),
            delivery_id: DeliveryId(self.ambient.new_id()),
            events: 1,
        }
    }
}

impl InWork {
    /// Writes what comes after the events that there are.
    async fn go_on(&self, invoices: &Invoices) {
        let (document_id, delivery_id) = (self.document_id, self.delivery_id);
        let sha256 = Sha256Hex::of(b"a PDF");
        let command = match self.events {
            1 | 2 => return invoices.add_line(&self.stream, self.events).await,
            3 => {
                invoices.issue(&self.stream, TODAY).await;
                return;
            }
            4 => InvoiceCommand::AttachRendering(RenderingReport {
                document_id,
                kind: RenderingKind::Pdf,
                locale: Locale::En,
                from_version: 4,
                sha256,
                size: 38_000,
                template_version: Reference::parse("1").expect("a reference"),
            }),
            5 => InvoiceCommand::ArchiveRendering(ArchiveRendering {
                document_id,
                sha256,
                retain_until: TODAY,
            }),
            6 => InvoiceCommand::RequestDelivery(DeliveryRequest {
                delivery_id,
                recipients: vec![buyer()],
                locale: Some(Locale::En),
                message: None,
            }),
            _ => InvoiceCommand::RecordDelivery(DeliveryReport {
                delivery_id,
                recipient: buyer(),
                outcome: DeliveryOutcome::Accepted,
                provider_ref: Reference::parse("250 taken").ok(),
            }),
        };
        invoices.run(&self.stream, command).await;
    }
}

fn buyer() -> EmailAddress {
    EmailAddress::parse("buyer@example.com").expect("an address")
}
