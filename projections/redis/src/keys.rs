//! The names of keys.

use invoiceapp_domain::{StreamId, TenantId};

/// Every key begins with the namespace.
#[derive(Debug, Clone)]
pub(crate) struct Keys(pub(crate) String);

impl Keys {
    /// A hash: the position and the parked streams.
    pub(crate) fn mark(&self) -> String {
        format!("{}:mark", self.0)
    }

    /// There for as long as somebody vouches for the values.
    pub(crate) fn vouched(&self) -> String {
        format!("{}:vouched", self.0)
    }

    /// A hash: one document.
    pub(crate) fn document(&self, stream: &StreamId) -> String {
        format!("{}:document:{stream}", self.0)
    }

    /// A hash: what was counted of each of the tenant's streams.
    pub(crate) fn counted(&self, tenant: &TenantId) -> String {
        format!("{}:counted:{tenant}", self.0)
    }

    /// A hash: the tenant's counters.
    pub(crate) fn counters(&self, tenant: &TenantId) -> String {
        format!("{}:counters:{tenant}", self.0)
    }
}
