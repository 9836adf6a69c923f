//! What can be done with a resource in its present state: part of every resource, and of every
//! refusal by the state. Permissions are not looked at.

use invoiceapp_domain::Decider;
use invoiceapp_domain::invoice::Invoice;
use invoiceapp_domain::numbering::NumberSeries;
use invoiceapp_domain::organization::Organization;
use invoiceapp_domain::product::{Product, ProductStatus};
use invoiceapp_domain::role::Role;
use invoiceapp_domain::user::{User, UserStatus};

/// An aggregate that can say what it allows.
pub(crate) trait Available: Decider {
    /// The actions, by the names that the API gives them.
    fn available(&self) -> Vec<&'static str>;
}

impl Available for Invoice {
    fn available(&self) -> Vec<&'static str> {
        self.available_actions()
            .into_iter()
            .map(|action| action.as_str())
            .collect()
    }
}

impl Available for Product {
    fn available(&self) -> Vec<&'static str> {
        match self.record().map(|record| record.status) {
            None => Vec::new(),
            Some(ProductStatus::Active) => vec!["update", "set_price", "archive"],
            Some(ProductStatus::Archived) => vec!["restore"],
        }
    }
}

impl Available for User {
    fn available(&self) -> Vec<&'static str> {
        let Some(record) = self.record() else {
            return Vec::new();
        };
        let switch = match record.status {
            UserStatus::Active => "disable",
            UserStatus::Disabled => "enable",
        };
        let mut actions = vec!["update", "assign_role", switch];
        if !record.roles.is_empty() {
            actions.push("revoke_role");
        }
        actions
    }
}

impl Available for Role {
    fn available(&self) -> Vec<&'static str> {
        match self.record() {
            Some(record) if !record.system => vec!["update", "delete"],
            Some(_) | None => Vec::new(),
        }
    }
}

impl Available for Organization {
    fn available(&self) -> Vec<&'static str> {
        if self.record().is_some() {
            vec!["update"]
        } else {
            Vec::new()
        }
    }
}

impl Available for NumberSeries {
    /// A series never changes.
    fn available(&self) -> Vec<&'static str> {
        Vec::new()
    }
}
