//! The handlers of the organisation.

use axum::extract::State;
use invoiceapp_domain::ids::MediaId;
use invoiceapp_domain::media::{Media, MediaPurpose};
use invoiceapp_domain::organization::{Organization, OrganizationCommand};
use invoiceapp_domain::party::LogoSnapshot;
use invoiceapp_domain::{Permission, StreamId, StreamKind, TenantId};
use invoiceapp_http::{
    Authenticated, Code, CommandAnswer, CommandRequest, ConsistencyToken, FieldError, Json,
    NoParameters, Problem, ProblemBody, QueryAnswer, Unread,
};
use invoiceapp_journal::execute::Prepared;

use super::bodies::OrganizationBody;
use super::resource::{OrganizationResource, render};
use crate::parts::{Refusal, ServiceParts, organization_stream};
use crate::user_access::UserAccessParts;

/// Read the organisation.
#[utoipa::path(get, path = "/api/v1/organization", tag = "organization",
    responses((status = 200, body = OrganizationResource)))]
pub(in crate::user_access) async fn get(
    State(UserAccessParts { service, .. }): State<UserAccessParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    _: NoParameters,
) -> Result<QueryAnswer<OrganizationResource>, Problem> {
    caller.require(Permission::TenantManage)?;
    service.wait(token).await?;
    let stream = organization_stream(caller.tenant());
    service.document::<Organization, _>(&stream, render).await
}

/// Replace everything that the organisation says about itself.
#[utoipa::path(put, path = "/api/v1/organization", tag = "organization",
    request_body = OrganizationBody,
    responses((status = 200, body = OrganizationResource), (status = 400, body = ProblemBody)))]
pub(in crate::user_access) async fn describe(
    State(UserAccessParts { service, .. }): State<UserAccessParts>,
    request: CommandRequest,
    body: Unread<Json<OrganizationBody>>,
) -> Result<CommandAnswer<OrganizationResource>, Problem> {
    request.require(Permission::TenantManage)?;
    let body = body.read().await?;
    let stream = organization_stream(request.tenant());
    let (parts, tenant, profile) = (service.clone(), stream.tenant.clone(), body.value);
    let prepare = move |_| {
        let (parts, tenant, profile) = (parts.clone(), tenant.clone(), profile.clone());
        async move {
            let wanted = profile.logo_media_id.as_ref().map(|id| id.0);
            let logo = logo(&parts, &tenant, wanted)
                .await
                .map_err(Refusal::Prepared)?;
            let profile = Box::new(profile.into_profile(logo));
            Ok(Prepared::new(OrganizationCommand::Describe(profile)))
        }
    };
    let stamp = request.stamp(body.digest);
    let executed = service
        .execute_with::<Organization, _, _>(&request, stamp, stream, prepare)
        .await?;
    let resource = render(&executed.loaded).ok_or_else(Problem::not_found)?;
    Ok(CommandAnswer::ok(resource, &executed.committed))
}

/// The upload that is to be the logo. What was uploaded never changes, so nothing needs guarding.
async fn logo(
    parts: &ServiceParts,
    tenant: &TenantId,
    wanted: Option<MediaId>,
) -> Result<Option<LogoSnapshot>, Problem> {
    let Some(media_id) = wanted else {
        return Ok(None);
    };
    let stream = StreamId::new(tenant.clone(), StreamKind::Media, media_id);
    let loaded = parts.load::<Media>(&stream).await?;
    let upload = loaded.as_ref().and_then(|loaded| loaded.state.record());
    let upload = upload.filter(|record| record.upload.purpose == MediaPurpose::Logo);
    let Some(record) = upload else {
        let detail = "There is no upload with this id and the purpose logo.";
        let error = FieldError::at("/logo_media_id", Code::InvalidValue, detail);
        return Err(Problem::invalid(vec![error]));
    };
    Ok(Some(LogoSnapshot {
        media_id,
        sha256: record.upload.sha256.clone(),
    }))
}
