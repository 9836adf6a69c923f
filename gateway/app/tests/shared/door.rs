//! Where clients find a tenant, and under which addresses its people are known.

use crate::binary::ADMIN_EMAIL;

/// The tenant that an embedded system begins with.
const FIRST_TENANT: &str = "default";

/// A tenant, and the front door to it.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    /// `http://host:port`.
    pub(crate) url: String,
    /// The tenant's name.
    pub(crate) tenant: String,
}

impl Door {
    pub(crate) fn new(url: impl Into<String>, tenant: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            tenant: tenant.into(),
        }
    }

    /// The door of an embedded system.
    pub(crate) fn of_first_tenant(url: &str) -> Self {
        let door = Self::new(url, FIRST_TENANT);
        assert_eq!(door.address("admin"), ADMIN_EMAIL);
        door
    }

    /// An e-mail address that nobody outside of the tenant has.
    pub(crate) fn address(&self, name: &str) -> String {
        format!("{name}@{}.example", self.tenant)
    }
}

impl AsRef<Self> for Door {
    fn as_ref(&self) -> &Self {
        self
    }
}
