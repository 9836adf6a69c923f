//! What a client sends about roles.

use std::collections::BTreeSet;

use deserr::Deserr;
use invoiceapp_domain::Permission;
use invoiceapp_domain::role::{RoleChange, RoleDefinition};
use invoiceapp_domain::text::{Name, Note, RoleCode};
use invoiceapp_http::{BodyErrors, Change, Text};
use utoipa::ToSchema;

/// A role to define.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
#[schema(as = NewRole)]
pub(crate) struct RoleBody {
    /// Lower-case letters, digits, `_` and `-`.
    #[schema(value_type = String, example = "billing_clerk")]
    pub(crate) code: Text<RoleCode>,
    /// What people call it.
    #[schema(value_type = String, example = "Billing clerk")]
    pub(crate) name: Text<Name>,
    /// What it is for.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Option<Text<Note>>,
    /// What its holders may do.
    #[schema(value_type = Vec<String>, example = json!(["invoice.create"]))]
    pub(crate) permissions: Vec<Text<Permission>>,
}

impl RoleBody {
    /// As the domain takes it.
    pub(crate) fn into_definition(self) -> RoleDefinition {
        RoleDefinition {
            code: self.code.0,
            name: self.name.0,
            description: Text::optional(self.description),
            permissions: set(self.permissions),
            system: false,
        }
    }
}

/// A change of a role; what is absent stays.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(crate) struct RoleChangeBody {
    /// Another name.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) name: Option<Text<Name>>,
    /// Another description; `null` takes it away.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Change<Text<Note>>,
    /// All permissions of the role afterwards.
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) permissions: Option<Vec<Text<Permission>>>,
}

impl RoleChangeBody {
    /// As the domain takes it.
    pub(crate) fn into_change(self) -> RoleChange {
        RoleChange {
            name: Text::optional(self.name),
            description: self.description.map(Text::into_inner).into(),
            permissions: self.permissions.map(set),
        }
    }
}

fn set(permissions: Vec<Text<Permission>>) -> BTreeSet<Permission> {
    permissions.into_iter().map(Text::into_inner).collect()
}
