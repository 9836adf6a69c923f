//! Nobody gives what they do not have. Whoever may assign roles, define them, or set a password could
//! otherwise become an administrator.

use std::collections::BTreeSet;

use invoiceapp_domain::role::{Role, RoleDefinition};
use invoiceapp_domain::text::RoleCode;
use invoiceapp_domain::user::User;
use invoiceapp_domain::{Permission, StreamId, StreamKind};
use invoiceapp_http::{Authenticated, Code, Problem};
use invoiceapp_journal::loaded::Loaded;

use crate::parts::ServiceParts;

/// Goes on only if the caller has every one of these permissions, or is an administrator: that role
/// may be older than a permission.
///
/// # Errors
/// 403 that names the first permission that is missing.
pub(super) fn permissions(
    caller: &Authenticated,
    given: &BTreeSet<Permission>,
) -> Result<(), Problem> {
    if is_administrator(caller) {
        return Ok(());
    }
    given.iter().try_for_each(|it| caller.require(*it))
}

fn is_administrator(caller: &Authenticated) -> bool {
    let mut roles = caller.0.grants.roles.iter();
    roles.any(|role| role == RoleDefinition::ADMINISTRATOR)
}

/// The same of what these roles allow. A role that is not there allows nothing; that of administrators
/// allows what no list of permissions says, so only they give it.
///
/// # Errors
/// As [`permissions`]; 503 when a role cannot be read.
pub(super) async fn roles(
    service: &ServiceParts,
    caller: &Authenticated,
    codes: impl IntoIterator<Item = &RoleCode>,
) -> Result<(), Problem> {
    for code in codes {
        if code.as_str() == RoleDefinition::ADMINISTRATOR && !is_administrator(caller) {
            return Err(Problem::new(Code::PermissionDenied)
                .with_detail("Only an administrator may do this to or for another one."));
        }
        let stream = StreamId::new(caller.tenant().clone(), StreamKind::Role, code);
        let loaded = service.load::<Role>(&stream).await?;
        if let Some(role) = loaded.as_ref().and_then(|loaded| loaded.state.record()) {
            permissions(caller, &role.permissions)?;
        }
    }
    Ok(())
}

/// The same of what a user may do. Everybody may do what they may.
///
/// # Errors
/// As [`roles`].
pub(super) async fn user(
    service: &ServiceParts,
    caller: &Authenticated,
    loaded: Option<&Loaded<User>>,
) -> Result<(), Problem> {
    let Some(loaded) = loaded else {
        return Ok(());
    };
    let is_self = loaded.stream.key == caller.0.user().to_string();
    match loaded.state.record() {
        Some(record) if !is_self => roles(service, caller, &record.roles).await,
        Some(_) | None => Ok(()),
    }
}
