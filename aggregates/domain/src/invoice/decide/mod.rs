//! The decisions: each command against each stage.

mod bounds;
mod delivery;
mod draft;
mod issue;
mod payment;
mod rendering;

use super::command::InvoiceCommand;
use super::content::DraftContent;
use super::event::InvoiceEvent;
use super::limits::DOCUMENT_YEARS;
use super::refusal::InvoiceRefusal;
use super::state::{Invoice, IssuedInvoice};
use crate::decider::{Context, Decision};
use jiff::civil::Date;

/// What a decision of this aggregate comes to.
type Outcome = Result<Decision<InvoiceEvent>, InvoiceRefusal>;

/// Decides a command.
pub(super) fn decide(state: &Invoice, command: &InvoiceCommand, context: &Context) -> Outcome {
    match command {
        InvoiceCommand::CreateDraft(new) => draft::create(state, new),
        InvoiceCommand::ChangeDraft(changes) => draft::change(need_draft(state)?, changes),
        InvoiceCommand::AddLine(line) => draft::add_line(need_draft(state)?, line),
        InvoiceCommand::ChangeLine(line) => draft::change_line(need_draft(state)?, line),
        InvoiceCommand::RemoveLine { line_id } => draft::remove_line(need_draft(state)?, *line_id),
        InvoiceCommand::Discard { reason } => {
            need_draft(state)?;
            Ok(Decision::event(InvoiceEvent::DraftDiscarded {
                reason: reason.clone(),
            }))
        }
        InvoiceCommand::Issue(instruction) => {
            issue::issue(need_draft(state)?, instruction, context)
        }
        InvoiceCommand::RequestDelivery(request) => {
            delivery::request(need_issued(state)?, request, context)
        }
        InvoiceCommand::Send { issue, delivery } => match state {
            Invoice::Draft(draft) => delivery::issue_and_request(draft, issue, delivery, context),
            Invoice::Absent | Invoice::Discarded(_) | Invoice::Issued(_) => {
                delivery::request(need_issued(state)?, delivery, context)
            }
        },
        InvoiceCommand::RecordDelivery(report) => delivery::record(need_issued(state)?, report),
        InvoiceCommand::AttachRendering(report) => rendering::attach(need_issued(state)?, report),
        InvoiceCommand::ArchiveRendering(report) => rendering::archive(need_issued(state)?, report),
        InvoiceCommand::RecordPayment(payment) => payment::record(need_issued(state)?, payment),
        InvoiceCommand::ReversePayment { payment_id, reason } => {
            payment::reverse(need_issued(state)?, *payment_id, reason.as_ref())
        }
    }
}

fn need_draft(state: &Invoice) -> Result<&DraftContent, InvoiceRefusal> {
    match state {
        Invoice::Draft(draft) => Ok(draft),
        Invoice::Absent => Err(InvoiceRefusal::NotFound),
        Invoice::Discarded(_) | Invoice::Issued(_) => Err(InvoiceRefusal::NotDraft),
    }
}

fn need_issued(state: &Invoice) -> Result<&IssuedInvoice, InvoiceRefusal> {
    match state {
        Invoice::Issued(issued) => Ok(issued),
        Invoice::Absent => Err(InvoiceRefusal::NotFound),
        Invoice::Draft(_) | Invoice::Discarded(_) => Err(InvoiceRefusal::NotIssued),
    }
}

/// Refuses more than a limit.
fn at_most(count: usize, max: usize, what: &'static str) -> Result<(), InvoiceRefusal> {
    if count <= max {
        Ok(())
    } else {
        Err(InvoiceRefusal::LimitReached { what, max })
    }
}

/// Refuses a date that no document can have.
fn check_date(date: Date, what: &'static str, field: &'static str) -> Result<(), InvoiceRefusal> {
    if DOCUMENT_YEARS.contains(&date.year()) {
        Ok(())
    } else {
        Err(InvoiceRefusal::DateOutOfRange { what, field })
    }
}
