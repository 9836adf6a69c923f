//! The services' routers, each in its own shell: the same whether they stand behind a front door in
//! this process or listen by themselves.

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use invoiceapp_access::Gate;
use invoiceapp_authorizer::Authorizer;
use invoiceapp_bff::{Bff, BffConfig, Rate, UpstreamName, Upstreams, merge_documents};
use invoiceapp_domain::Ambient;
use invoiceapp_http::Shell;
use invoiceapp_http::health::Health;
use invoiceapp_http::metrics::HttpMetrics;
use invoiceapp_http::shell::SharedParts;
use invoiceapp_media::MediaParts;
use invoiceapp_pdf::PdfParts;
use invoiceapp_service::ServiceParts;
use invoiceapp_service::user_access::{CredentialStore, UserAccessParts};
use utoipa::openapi::OpenApi;

use crate::settings::Settings;

/// The OpenAPI document of the whole API.
///
/// # Errors
/// When two services describe the same thing differently.
pub(crate) fn openapi() -> anyhow::Result<OpenApi> {
    let documents = [
        invoiceapp_authorizer::openapi(),
        invoiceapp_service::user_access::openapi(),
        invoiceapp_service::product::openapi(),
        invoiceapp_service::invoice::openapi(),
        invoiceapp_pdf::openapi(),
        invoiceapp_media::openapi(),
    ];
    merge_documents(documents).context("the services' descriptions contradict each other")
}

/// Puts the layers that every service has around a router.
#[derive(Debug, Clone)]
pub(crate) struct Shells {
    pub(crate) gate: Arc<Gate>,
    pub(crate) ambient: Arc<dyn Ambient>,
    pub(crate) metrics: HttpMetrics,
}

impl Shells {
    /// The shell of the service of that name.
    pub(crate) fn shell(&self, name: &'static str) -> Shell {
        let shared = SharedParts {
            gate: Arc::clone(&self.gate),
            ambient: Arc::clone(&self.ambient),
        };
        Shell::new(name, shared, self.metrics.clone())
    }

    /// The front door over services, wherever they are.
    ///
    /// # Errors
    /// When the OpenAPI document cannot be written.
    pub(crate) fn front_door(
        &self,
        upstreams: Upstreams,
        settings: &Settings,
        health: Health,
    ) -> anyhow::Result<Router> {
        let rate = Rate {
            per_second: settings.rate_limit.per_second,
            burst: settings.rate_limit.burst,
        };
        let bff = Bff {
            upstreams,
            config: BffConfig {
                user_rate: rate,
                tenant_rate: rate,
                address_rate: rate,
                trusted_proxies: settings.http.trusted_proxies.clone(),
                cors_allowed_origins: settings.http.cors_allowed_origins.clone(),
            },
            document: openapi()?,
            health,
            shell: self.shell("bff"),
        };
        bff.router()
            .context("the OpenAPI document cannot be written")
    }
}

/// What the services behind the front door are made of.
#[derive(Debug, Clone)]
pub(crate) struct Services {
    pub(crate) shells: Shells,
    pub(crate) service: ServiceParts,
    pub(crate) credentials: Arc<dyn CredentialStore>,
    pub(crate) authorizer: Arc<Authorizer>,
    pub(crate) pdf: PdfParts,
    pub(crate) media: MediaParts,
}

impl Services {
    /// One service, ready to be served.
    pub(crate) fn router(&self, name: UpstreamName) -> Router {
        let router = match name {
            UpstreamName::Authorizer => invoiceapp_authorizer::router(Arc::clone(&self.authorizer)),
            UpstreamName::UserAccess => invoiceapp_service::user_access::router(UserAccessParts {
                service: self.service.clone(),
                credentials: Arc::clone(&self.credentials),
            }),
            UpstreamName::Product => invoiceapp_service::product::router(self.service.clone()),
            UpstreamName::Invoice => invoiceapp_service::invoice::router(self.service.clone()),
            UpstreamName::Pdf => invoiceapp_pdf::router(self.pdf.clone()),
            UpstreamName::Media => invoiceapp_media::router(self.media.clone()),
        };
        self.shells.shell(name.as_str()).wrap(router)
    }
}
