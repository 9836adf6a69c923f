//! Who asks, and whether they may: the caller's token is checked in every service, by the gate of
//! `invoiceapp-access`, whichever way the request came.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::{FromRequestParts, Request};
use axum::http::{HeaderMap, header, request::Parts};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use invoiceapp_access::Caller;
use invoiceapp_domain::{Permission, TenantId};
use tower::{Layer, Service};

use crate::code::Code;
use crate::problem::Problem;
use crate::shell::{RequestFacts, SharedParts};

/// Longest bearer token that is looked at, in bytes.
pub const BEARER_BYTES_MAX: usize = 8 * 1024;

/// The caller, by a valid token. As an argument of a handler it answers 401 without one.
#[derive(Debug, Clone)]
pub struct Authenticated(pub Arc<Caller>);

impl Authenticated {
    /// Goes on only with the permission.
    ///
    /// # Errors
    /// 403 that names the permission.
    pub fn require(&self, permission: Permission) -> Result<(), Problem> {
        Ok(self.0.require(permission)?)
    }

    /// The tenant of the token: the only place a tenant comes from.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.0.principal.tenant
    }
}

impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let shared = SharedParts::of(&parts.extensions)?;
        let caller = authenticate(&parts.headers, &shared).await?;
        if let Some(facts) = parts.extensions.get::<RequestFacts>() {
            facts.set_tenant(&caller.tenant().clone());
        }
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

/// Verifies the bearer token of some headers.
///
/// # Errors
/// 401 when there is none or it is not valid, 503 when it cannot be checked.
pub async fn authenticate(
    headers: &HeaderMap,
    shared: &SharedParts,
) -> Result<Authenticated, Problem> {
    let token = bearer(headers)?;
    match shared.gate.authenticate(token).await {
        Ok(caller) => Ok(Authenticated(Arc::new(caller))),
        Err(error) => Err(Problem::from(error).for_sent_token()),
    }
}

/// The bearer token of some headers (RFC 6750 section 2.1; no other place is looked at).
///
/// # Errors
/// 401 when there is not exactly one `Authorization: Bearer` of a sane length.
pub fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let unauthenticated = || Problem::new(Code::Unauthenticated);
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(unauthenticated());
    };
    let text = value.to_str().map_err(|_| unauthenticated())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(unauthenticated)?;
    let token = token.trim_matches(' ');
    let plausible = scheme.eq_ignore_ascii_case("bearer")
        && !token.is_empty()
        && token.len() <= BEARER_BYTES_MAX
        && token.bytes().all(|byte| byte.is_ascii_graphic());
    if plausible {
        Ok(token)
    } else {
        Err(unauthenticated().for_sent_token())
    }
}

/// A layer for one route: the caller needs the permission, and this is settled before the body is
/// read. `post(create).layer(RequirePermission(Permission::InvoiceCreate))`.
#[derive(Debug, Clone, Copy)]
pub struct RequirePermission(pub Permission);

impl<S> Layer<S> for RequirePermission {
    type Service = PermissionRequired<S>;
    fn layer(&self, inner: S) -> Self::Service {
        PermissionRequired {
            permission: self.0,
            inner,
        }
    }
}

/// What [`RequirePermission`] makes of a service.
#[derive(Debug, Clone)]
pub struct PermissionRequired<S> {
    permission: Permission,
    inner: S,
}

impl<S> Service<Request> for PermissionRequired<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The service that was polled ready is the one to be called.
        let spare = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, spare);
        let permission = self.permission;
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let allowed = Authenticated::from_request_parts(&mut parts, &())
                .await
                .and_then(|caller| caller.require(permission));
            match allowed {
                Ok(()) => inner.call(Request::from_parts(parts, body)).await,
                Err(problem) => Ok(problem.into_response()),
            }
        })
    }
}
