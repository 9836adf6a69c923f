//! The organisation: the seller that a tenant is, and what its documents begin with.

mod command;
mod decide;
mod event;
mod refusal;
mod state;

pub use command::{OrganizationCommand, OrganizationProfile};
pub use decide::NET_DAYS_MAX;
pub use event::OrganizationEvent;
pub use refusal::OrganizationRefusal;
pub use state::{InvoicingDefaults, ORGANIZATION_KEY, Organization, OrganizationRecord};
