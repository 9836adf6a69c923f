//! The shape of every aggregate: decide is pure and may refuse, evolve is total and holds no rule.

use std::fmt;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::ids::{StreamKind, TenantId, UserId};

/// Who caused an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// A person, by token.
    User(UserId),
    /// A part of this system, by its name (`mail`, `pdf`, `provisioning`).
    System(String),
}

/// What a decision may know beside the state: nothing is read from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The owner of the stream.
    pub tenant: TenantId,
    /// Who asks.
    pub actor: Actor,
    /// The instant of the decision.
    pub now: Timestamp,
    /// The calendar day of `now` in the tenant's time zone.
    pub today: Date,
}

/// An event of one aggregate, as it is stored.
pub trait EventPayload:
    Serialize + DeserializeOwned + Clone + fmt::Debug + PartialEq + Send + Sync + 'static
{
    /// The event's name: past tense, and the name of its serde variant.
    fn event_type(&self) -> &'static str;

    /// Version of the stored shape; an older one is upcast when it is read.
    fn schema_version(&self) -> u16 {
        1
    }

    /// Takes the number that the journal allotted. Only an event that is numbered overrides this.
    fn assign_number(&mut self, _number: &AllocatedNumber) {}
}

/// A key that at most one stream of a tenant may hold: a SKU, an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClaimKey {
    /// What is claimed (`sku`, `email`).
    pub kind: String,
    /// The normalised value.
    pub value: String,
}

/// A change of the claims, committed with the events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimChange {
    /// Refused when another stream of the tenant holds the key.
    Take(ClaimKey),
    /// Gives the key back.
    Release(ClaimKey),
}

/// Asks the journal for the next number of a series, in the same commit as the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberRequest {
    /// The series' code, unique within the tenant.
    pub series: String,
    /// The period the sequence counts in (`""`, `"2026"`, `"2026-11"`): a new one starts again.
    pub period: String,
    /// The first sequence number of a period.
    pub first: u64,
    /// The date of the document: within a series it never goes back.
    pub date: Date,
}

/// The number that the journal allotted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocatedNumber {
    /// The series' code.
    pub series: String,
    /// The period counted in.
    pub period: String,
    /// 1-based within series and period (or as the series defines its first).
    pub sequence: u64,
}

/// What a command comes to: events, and what the journal has to guard along with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<E> {
    /// What happened, in order; empty when the command changes nothing.
    pub events: Vec<E>,
    /// Unique keys taken and released.
    pub claims: Vec<ClaimChange>,
    /// A number to take; the journal hands it to each event's `assign_number`.
    pub number: Option<NumberRequest>,
}

impl<E> Decision<E> {
    /// A decision of events alone.
    #[must_use]
    pub const fn events(events: Vec<E>) -> Self {
        Self {
            events,
            claims: Vec::new(),
            number: None,
        }
    }

    /// A decision of one event.
    #[must_use]
    pub fn event(event: E) -> Self {
        Self::events(vec![event])
    }

    /// Takes or releases a key with it.
    #[must_use]
    pub fn with_claim(mut self, claim: ClaimChange) -> Self {
        self.claims.push(claim);
        self
    }

    /// Takes a number with it.
    #[must_use]
    pub fn with_number(mut self, request: NumberRequest) -> Self {
        self.number = Some(request);
        self
    }
}

/// An aggregate: its state, and the two functions over it. `Default` is the state before the first
/// event; a command other than the creating one is refused there.
pub trait Decider:
    Default + Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Which streams it lives in.
    const KIND: StreamKind;
    /// What it is asked, in the imperative.
    type Command: Clone + fmt::Debug + Send + Sync + 'static;
    /// What happened, in the past tense.
    type Event: EventPayload;
    /// Why it says no; knows nothing of HTTP.
    type Refusal: std::error::Error + Clone + PartialEq + Send + Sync + 'static;

    /// Decides a command: pure and synchronous.
    ///
    /// # Errors
    /// The refusal, when a rule forbids the command in this state.
    fn decide(
        &self,
        command: &Self::Command,
        context: &Context,
    ) -> Result<Decision<Self::Event>, Self::Refusal>;

    /// Folds one event in. Total: what has happened has happened.
    fn evolve(&mut self, event: &Self::Event);

    /// Folds events from the beginning.
    fn fold<'a>(events: impl IntoIterator<Item = &'a Self::Event>) -> Self {
        let mut state = Self::default();
        for event in events {
            state.evolve(event);
        }
        state
    }
}

/// Services of the [`Aggregate`] face: the context, and the number a test wants allotted.
#[derive(Debug, Clone)]
pub struct DecisionServices {
    /// The decision's context.
    pub context: Context,
    /// The sequence that stands in for the journal's allotment.
    pub next_sequence: u64,
}

/// A [`Decider`] seen as a `cqrs_es::Aggregate`, for its given-when-then framework and for readers
/// that speak its traits. The system itself executes commands through the journal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(bound = "D: Decider", transparent)]
pub struct Root<D: Decider>(pub D);

/// An event seen as a `cqrs_es::DomainEvent`; serialises exactly as the event inside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "E: EventPayload", transparent)]
pub struct Fact<E: EventPayload>(pub E);

impl<E: EventPayload> DomainEvent for Fact<E> {
    fn event_type(&self) -> String {
        self.0.event_type().to_owned()
    }
    fn event_version(&self) -> String {
        self.0.schema_version().to_string()
    }
}

impl<D: Decider> Aggregate for Root<D> {
    const TYPE: &'static str = D::KIND.as_str();
    type Command = D::Command;
    type Event = Fact<D::Event>;
    type Error = D::Refusal;
    type Services = DecisionServices;

    async fn handle(
        &mut self,
        command: Self::Command,
        service: &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        let decision = self.0.decide(&command, &service.context)?;
        let number = decision.number.map(|request| AllocatedNumber {
            series: request.series,
            period: request.period,
            sequence: service.next_sequence,
        });
        for mut event in decision.events {
            if let Some(number) = &number {
                event.assign_number(number);
            }
            sink.write(Fact(event), self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        self.0.evolve(&event.0);
    }
}
