//! An invoice in small: ten lines that are changed over and over, so that its state stays of one size
//! however long its stream gets.

use invoiceapp_domain::decider::DecisionServices;
use invoiceapp_domain::{
    Actor, Context, Decider, Decision, EventPayload, StreamId, StreamKind, TenantId,
};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Lines of an invoice.
pub(crate) const LINES: u64 = 10;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    name: String,
    quantity: u64,
    unit_price_minor: u64,
    vat_category: String,
    vat_rate: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct BenchInvoice {
    buyer: String,
    currency: String,
    lines: Vec<Line>,
    total_minor: u64,
}

#[derive(Debug, Clone)]
pub(crate) enum BenchCommand {
    Draft,
    ChangeLine { index: u64, quantity: u64 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum BenchEvent {
    Drafted {
        buyer: String,
        currency: String,
        note: String,
        delivery_date: Date,
    },
    LineChanged {
        index: u64,
        line: Line,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the invoice is not in a state for that")]
pub(crate) struct BenchRefusal;

impl EventPayload for BenchEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::Drafted { .. } => "Drafted",
            Self::LineChanged { .. } => "LineChanged",
        }
    }
}

impl Decider for BenchInvoice {
    const KIND: StreamKind = StreamKind::Invoice;
    type Command = BenchCommand;
    type Event = BenchEvent;
    type Refusal = BenchRefusal;

    fn decide(
        &self,
        command: &BenchCommand,
        context: &Context,
    ) -> Result<Decision<BenchEvent>, BenchRefusal> {
        match (command, self.currency.is_empty()) {
            (BenchCommand::Draft, true) => Ok(Decision::event(BenchEvent::Drafted {
                buyer: "Example Trading Company Limited, 12 Long Street, Sometown".to_owned(),
                currency: "EUR".to_owned(),
                note: "as agreed on the telephone, to be delivered before noon".to_owned(),
                delivery_date: context.today,
            })),
            (BenchCommand::ChangeLine { index, quantity }, false) => {
                let line = Line {
                    name: "Fastening set, galvanised, 40 pieces".to_owned(),
                    quantity: *quantity,
                    unit_price_minor: 1_299,
                    vat_category: "S".to_owned(),
                    vat_rate: "19".to_owned(),
                };
                Ok(Decision::event(BenchEvent::LineChanged {
                    index: *index,
                    line,
                }))
            }
            _ => Err(BenchRefusal),
        }
    }

    fn evolve(&mut self, event: &BenchEvent) {
        match event {
            BenchEvent::Drafted {
                buyer, currency, ..
            } => {
                (self.buyer, self.currency) = (buyer.clone(), currency.clone());
            }
            BenchEvent::LineChanged { index, line } => {
                match usize::try_from(*index)
                    .ok()
                    .and_then(|index| self.lines.get_mut(index))
                {
                    Some(present) => *present = line.clone(),
                    None => self.lines.push(line.clone()),
                }
                let amounts = self
                    .lines
                    .iter()
                    .map(|line| line.quantity * line.unit_price_minor);
                self.total_minor = amounts.sum();
            }
        }
    }
}

pub(crate) fn stream(key: impl std::fmt::Display) -> StreamId {
    let tenant = TenantId::parse("default").expect("it is a tenant id");
    StreamId::new(tenant, StreamKind::Invoice, key)
}

pub(crate) fn context() -> Context {
    Context {
        tenant: stream("").tenant,
        actor: Actor::System("bench".to_owned()),
        now: Timestamp::UNIX_EPOCH,
        today: Date::constant(2026, 1, 1),
    }
}

pub(crate) fn services() -> DecisionServices {
    DecisionServices {
        context: context(),
        next_sequence: 1,
    }
}
