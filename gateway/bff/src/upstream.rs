//! A service behind the front door, wherever it runs.

use std::convert::Infallible;
use std::fmt;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use crate::routes::UpstreamName;

/// A service that answers requests; cheap to clone. One that fails answers so itself, with a
/// problem.
#[derive(Clone)]
pub struct Upstream(BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>);

impl Upstream {
    /// Any service of that shape.
    pub fn new<S>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        Self(BoxCloneSyncService::new(service))
    }

    /// A service in this process: the very router that it would serve on a port of its own.
    #[must_use]
    pub fn in_process(router: Router) -> Self {
        Self::new(router)
    }

    pub(crate) async fn call(&self, request: Request<Body>) -> Response<Body> {
        match self.0.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Upstream")
    }
}

/// Every service behind the front door.
#[derive(Debug, Clone)]
pub struct Upstreams {
    /// Login, refresh, logout, who am I.
    pub authorizer: Upstream,
    /// Users, roles, the organization.
    pub user_access: Upstream,
    /// Products and prices.
    pub product: Upstream,
    /// Invoices, number series, the dashboard.
    pub invoice: Upstream,
    /// Renderings.
    pub pdf: Upstream,
    /// Uploads.
    pub media: Upstream,
}

impl Upstreams {
    pub(crate) const fn get(&self, name: UpstreamName) -> &Upstream {
        match name {
            UpstreamName::Authorizer => &self.authorizer,
            UpstreamName::UserAccess => &self.user_access,
            UpstreamName::Product => &self.product,
            UpstreamName::Invoice => &self.invoice,
            UpstreamName::Pdf => &self.pdf,
            UpstreamName::Media => &self.media,
        }
    }
}
