//! A small aggregate that uses everything an executor has to carry: refusals, claims, numbers,
//! commands that change nothing.

use std::sync::Arc;

use invoiceapp_domain::{
    Actor, AllocatedNumber, ClaimChange, ClaimKey, Context, Decider, Decision, EventPayload,
    NumberRequest, StreamId, StreamKind, TenantId,
};
use invoiceapp_journal::execute::Execution;
use invoiceapp_schemas::{CommandId, CommandStamp};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) code: Option<String>,
    pub(crate) sum: i64,
    pub(crate) closed_as: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) enum LedgerCommand {
    Open { code: String },
    Add { amount: i64 },
    Close { on: Date },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum LedgerEvent {
    Opened { code: String },
    Added { amount: i64 },
    Closed { number: Option<u64> },
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum LedgerRefusal {
    #[error("there is no ledger")]
    Missing,
    #[error("the ledger is open already")]
    AlreadyOpen,
    #[error("the ledger is closed")]
    Closed,
}

impl EventPayload for LedgerEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "Opened",
            Self::Added { .. } => "Added",
            Self::Closed { .. } => "Closed",
        }
    }

    fn assign_number(&mut self, allotted: &AllocatedNumber) {
        if let Self::Closed { number } = self {
            *number = Some(allotted.sequence);
        }
    }
}

impl Decider for Ledger {
    const KIND: StreamKind = StreamKind::Invoice;
    type Command = LedgerCommand;
    type Event = LedgerEvent;
    type Refusal = LedgerRefusal;

    fn decide(
        &self,
        command: &LedgerCommand,
        _context: &Context,
    ) -> Result<Decision<LedgerEvent>, LedgerRefusal> {
        match (command, self.code.is_some()) {
            (LedgerCommand::Open { .. }, true) => Err(LedgerRefusal::AlreadyOpen),
            (LedgerCommand::Open { code }, false) => {
                let key = ClaimKey {
                    kind: "code".to_owned(),
                    value: code.clone(),
                };
                let event = LedgerEvent::Opened { code: code.clone() };
                Ok(Decision::event(event).with_claim(ClaimChange::Take(key)))
            }
            (_, false) => Err(LedgerRefusal::Missing),
            (_, true) if self.closed_as.is_some() => Err(LedgerRefusal::Closed),
            (LedgerCommand::Add { amount: 0 }, true) => Ok(Decision::events(Vec::new())),
            (LedgerCommand::Add { amount }, true) => {
                Ok(Decision::event(LedgerEvent::Added { amount: *amount }))
            }
            (LedgerCommand::Close { on }, true) => {
                let (series, period) = ("LED".to_owned(), "2026".to_owned());
                let request = NumberRequest {
                    series,
                    period,
                    first: 1,
                    date: *on,
                };
                Ok(Decision::event(LedgerEvent::Closed { number: None }).with_number(request))
            }
        }
    }

    fn evolve(&mut self, event: &LedgerEvent) {
        match event {
            LedgerEvent::Opened { code } => self.code = Some(code.clone()),
            LedgerEvent::Added { amount } => self.sum += amount,
            LedgerEvent::Closed { number } => self.closed_as = *number,
        }
    }
}

pub(crate) fn ledger(key: impl std::fmt::Display) -> StreamId {
    StreamId::new(TenantId::parse("acme").unwrap(), StreamKind::Invoice, key)
}

pub(crate) fn stamp(number: u128) -> CommandStamp {
    CommandStamp {
        id: CommandId(Uuid::from_u128(number)),
        fingerprint: [1; 32],
    }
}

pub(crate) fn execution(stream: &StreamId, number: u128) -> Execution {
    let context = Context {
        tenant: stream.tenant.clone(),
        actor: Actor::System("test".to_owned()),
        now: Timestamp::UNIX_EPOCH,
        today: Date::constant(2026, 1, 1),
    };
    Execution::new(
        stream.clone(),
        stamp(number),
        context,
        Uuid::from_u128(number),
    )
}

pub(crate) fn open(code: impl Into<String>) -> LedgerCommand {
    LedgerCommand::Open { code: code.into() }
}

pub(crate) const fn add(amount: i64) -> LedgerCommand {
    LedgerCommand::Add { amount }
}

pub(crate) const fn close() -> LedgerCommand {
    LedgerCommand::Close {
        on: Date::constant(2026, 1, 1),
    }
}

pub(crate) fn ambient() -> Arc<invoiceapp_journal::conformance::SteppingAmbient> {
    invoiceapp_journal::conformance::SteppingAmbient::new(9)
}
