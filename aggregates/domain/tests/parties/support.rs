//! What the tests of this binary share: a context, and given-when-then over deciders.

use std::str::FromStr;

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use invoiceapp_domain::decider::{DecisionServices, Fact};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Actor, ClaimChange, Context, Decider, Root, TenantId};
use jiff::civil::{Date, date};
use uuid::Uuid;

/// The day of every decision that does not say otherwise.
pub(crate) const TODAY: Date = date(2026, 11, 22);

/// Parses a text that the test knows to be good.
pub(crate) fn of<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// A person's command.
pub(crate) fn context() -> Context {
    Context {
        tenant: TenantId::parse("acme").unwrap(),
        actor: Actor::User(UserId(Uuid::from_u128(7))),
        now: "2026-11-22T10:00:00Z".parse().unwrap(),
        today: TODAY,
    }
}

/// A command of the system itself.
pub(crate) fn system_context() -> Context {
    Context {
        actor: Actor::System("provisioning".to_owned()),
        ..context()
    }
}

/// The stream has these events; a person asks.
pub(crate) fn given<D: Decider>(events: Vec<D::Event>) -> AggregateTestExecutor<Root<D>> {
    given_in::<D>(context(), events)
}

/// The stream has these events; somebody else asks.
pub(crate) fn given_in<D: Decider>(
    context: Context,
    events: Vec<D::Event>,
) -> AggregateTestExecutor<Root<D>> {
    TestFramework::<Root<D>>::with(DecisionServices {
        context,
        next_sequence: 1,
    })
    .given(facts::<D>(events))
}

/// Events as the framework wants them.
pub(crate) fn facts<D: Decider>(events: Vec<D::Event>) -> Vec<Fact<D::Event>> {
    events.into_iter().map(Fact).collect()
}

/// The claims that a command takes and releases.
pub(crate) fn claims_of<D: Decider>(given: &[D::Event], command: &D::Command) -> Vec<ClaimChange> {
    D::fold(given).decide(command, &context()).unwrap().claims
}

/// The text is refused by the type.
pub(crate) fn refused<T: FromStr>(text: &str) -> bool {
    text.parse::<T>().is_err()
}
