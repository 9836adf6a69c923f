//! The services over the stores of a data directory.

use std::sync::Arc;

use axum::Router;
use invoiceapp_bff::{Upstream, UpstreamName, Upstreams};
use invoiceapp_http::health::Health;
use invoiceapp_http::metrics::HttpMetrics;
use invoiceapp_service::ServiceParts;

use super::credentials::IssuerCredentials;
use super::identity::Identity;
use super::reactors::ReactorParts;
use super::stores::Stores;
use crate::services::{Services, Shells};
use crate::settings::Settings;

/// The front door over all services, in this process.
pub(super) fn front_door(
    (stores, identity, reactors): (&Stores, &Identity, &ReactorParts),
    (health, metrics): (Health, HttpMetrics),
    settings: &Settings,
) -> anyhow::Result<Router> {
    let shells = Shells {
        gate: Arc::clone(&identity.gate),
        ambient: Arc::clone(&stores.ambient),
        metrics,
    };
    let credentials = IssuerCredentials::new(stores.identity.clone(), Arc::clone(&stores.ambient));
    let services = Services {
        shells: shells.clone(),
        service: ServiceParts {
            executor: stores.executor.clone(),
            views: stores.views.clone(),
            ambient: Arc::clone(&stores.ambient),
        },
        credentials: Arc::new(credentials),
        authorizer: Arc::clone(&identity.authorizer),
        pdf: reactors.pdf.clone(),
        media: reactors.media.clone(),
    };
    let in_process = |name| Upstream::in_process(services.router(name));
    let upstreams = Upstreams {
        authorizer: in_process(UpstreamName::Authorizer),
        user_access: in_process(UpstreamName::UserAccess),
        product: in_process(UpstreamName::Product),
        invoice: in_process(UpstreamName::Invoice),
        pdf: in_process(UpstreamName::Pdf),
        media: in_process(UpstreamName::Media),
    };
    shells.front_door(upstreams, settings, health)
}
