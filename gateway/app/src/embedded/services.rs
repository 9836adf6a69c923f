//! The services' routers, each in its own shell, behind the front door.

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use invoiceapp_bff::{Bff, BffConfig, Rate, Upstream, Upstreams, merge_documents};
use invoiceapp_http::Shell;
use invoiceapp_http::health::Health;
use invoiceapp_http::metrics::HttpMetrics;
use invoiceapp_http::shell::SharedParts;
use invoiceapp_service::ServiceParts;
use invoiceapp_service::user_access::UserAccessParts;
use utoipa::openapi::OpenApi;

use super::credentials::IssuerCredentials;
use super::identity::Identity;
use super::reactors::ReactorParts;
use super::stores::Stores;
use crate::settings::RateLimitSettings;

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

/// What the front door is made of.
pub(super) struct Services<'a> {
    pub(super) stores: &'a Stores,
    pub(super) identity: &'a Identity,
    pub(super) reactors: &'a ReactorParts,
    pub(super) health: Health,
    pub(super) metrics: HttpMetrics,
    pub(super) rates: &'a RateLimitSettings,
}

impl Services<'_> {
    /// The front door over all services.
    pub(super) fn front_door(&self) -> anyhow::Result<Router> {
        let bff = Bff {
            upstreams: self.upstreams(),
            config: BffConfig {
                user_rate: self.rate(),
                tenant_rate: self.rate(),
                address_rate: self.rate(),
                ..BffConfig::default()
            },
            document: openapi()?,
            health: self.health.clone(),
            shell: self.shell("bff"),
        };
        bff.router()
            .context("the OpenAPI document cannot be written")
    }

    fn upstreams(&self) -> Upstreams {
        let service = ServiceParts {
            executor: self.stores.executor.clone(),
            views: self.stores.views.clone(),
            ambient: Arc::clone(&self.stores.ambient),
        };
        let credentials = IssuerCredentials::new(
            self.stores.identity.clone(),
            Arc::clone(&self.stores.ambient),
        );
        let user_access = UserAccessParts {
            service: service.clone(),
            credentials: Arc::new(credentials),
        };
        let authorizer = invoiceapp_authorizer::router(Arc::clone(&self.identity.authorizer));
        Upstreams {
            authorizer: self.upstream("authorizer", authorizer),
            user_access: self.upstream(
                "user-access",
                invoiceapp_service::user_access::router(user_access),
            ),
            product: self.upstream(
                "product",
                invoiceapp_service::product::router(service.clone()),
            ),
            invoice: self.upstream("invoice", invoiceapp_service::invoice::router(service)),
            pdf: self.upstream("pdf", invoiceapp_pdf::router(self.reactors.pdf.clone())),
            media: self.upstream(
                "media",
                invoiceapp_media::router(self.reactors.media.clone()),
            ),
        }
    }

    fn upstream(&self, name: &'static str, router: Router) -> Upstream {
        Upstream::in_process(self.shell(name).wrap(router))
    }

    fn shell(&self, name: &'static str) -> Shell {
        let shared = SharedParts {
            gate: Arc::clone(&self.identity.gate),
            ambient: Arc::clone(&self.stores.ambient),
        };
        Shell::new(name, shared, self.metrics.clone())
    }

    fn rate(&self) -> Rate {
        Rate {
            per_second: self.rates.per_second,
            burst: self.rates.burst,
        }
    }
}
