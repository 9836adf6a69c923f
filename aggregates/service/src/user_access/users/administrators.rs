//! Whether somebody else is an administrator: the fact on which taking one away stands.

use invoiceapp_domain::role::RoleDefinition;
use invoiceapp_domain::user::User;
use invoiceapp_domain::{StreamId, StreamKind};
use invoiceapp_http::Problem;
use invoiceapp_journal::port::Guard;
use invoiceapp_projections::views::user::{ACTIVE, ROLES, role_mark};
use invoiceapp_projections::{Condition, ListQuery};

use crate::parts::{ServiceParts, view_problem};

/// How many candidates are looked at: one that holds is enough, and a view that has caught up names
/// only those that hold, but for changes of the last moment.
const CANDIDATES_MAX: u32 = 10;

/// Another active administrator of the tenant, by the version at which the user is one. The
/// command's commit guards that version, so two administrators cannot take each other away at once.
pub(super) async fn other_than(
    parts: &ServiceParts,
    user: &StreamId,
) -> Result<Option<Guard>, Problem> {
    let head = parts
        .executor
        .journal()
        .head()
        .await
        .map_err(|error| Problem::from(&error))?;
    parts
        .views
        .wait_for(head.position)
        .await
        .map_err(view_problem)?;
    let mark = role_mark(RoleDefinition::ADMINISTRATOR);
    let query = ListQuery {
        tenant: user.tenant.clone(),
        kind: StreamKind::User,
        conditions: vec![
            Condition::Equals(ACTIVE, 1.into()),
            Condition::Contains(ROLES, mark),
        ],
        before: None,
        limit: CANDIDATES_MAX,
        count: false,
    };
    let (candidates, _) = parts
        .views
        .list::<User>(&query)
        .await
        .map_err(view_problem)?;
    for candidate in candidates
        .iter()
        .filter(|candidate| candidate.stream != *user)
    {
        // The view says where to look; what counts is the journal.
        let Some(loaded) = parts.load::<User>(&candidate.stream).await? else {
            continue;
        };
        if loaded
            .state
            .record()
            .is_some_and(|record| record.is_active_administrator())
        {
            return Ok(Some(Guard {
                stream: loaded.stream.clone(),
                version: loaded.version,
            }));
        }
    }
    Ok(None)
}
