//! What a client sends about users.

use deserr::Deserr;
use invoiceapp_domain::party::EmailAddress;
use invoiceapp_domain::text::{Name, RoleCode};
use invoiceapp_domain::user::ProfileChange;
use invoiceapp_http::{BodyErrors, Text};
use utoipa::ToSchema;

/// A user to register. The e-mail address is the user name at login.
#[derive(Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
#[schema(as = NewUser)]
pub(crate) struct UserBody {
    /// The name at login, unique in the tenant.
    #[schema(value_type = String, example = "ada@example.com")]
    pub(crate) email: Text<EmailAddress>,
    /// The given name.
    #[schema(value_type = String, example = "Ada")]
    pub(crate) first_name: Text<Name>,
    /// The family name.
    #[schema(value_type = String, example = "Byron")]
    pub(crate) last_name: Text<Name>,
    /// The first password; without one the user cannot log in yet.
    #[deserr(default)]
    #[schema(value_type = Option<String>, format = Password)]
    pub(crate) password: Option<String>,
    /// Codes of roles.
    #[deserr(default)]
    #[schema(value_type = Vec<String>, required = false, example = json!(["accountant"]))]
    pub(crate) roles: Vec<Text<RoleCode>>,
}

/// A change of a user's profile or password; what is absent stays.
#[derive(Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(crate) struct ProfileBody {
    /// Another name at login.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) email: Option<Text<EmailAddress>>,
    /// Another given name.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) first_name: Option<Text<Name>>,
    /// Another family name.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) last_name: Option<Text<Name>>,
    /// Another password. The user's logins end.
    #[deserr(default)]
    #[schema(value_type = Option<String>, format = Password)]
    pub(crate) password: Option<String>,
}

impl ProfileBody {
    /// The profile as the domain takes it.
    pub(crate) fn into_change(self) -> ProfileChange {
        ProfileChange {
            email: Text::optional(self.email),
            first_name: Text::optional(self.first_name),
            last_name: Text::optional(self.last_name),
        }
    }
}
