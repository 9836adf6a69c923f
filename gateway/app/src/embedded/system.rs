//! The running system: stores open, views caught up, tenant provisioned, reactors at work, the front
//! door listening; and the way back.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use invoiceapp_bff::management_router;
use invoiceapp_http::health::Health;
use invoiceapp_http::server::{HttpListener, ServerLimits};
use prometheus::Registry;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::health::Watch;
use super::identity::Identity;
use super::reactors::ReactorParts;
use super::services::front_door;
use super::stores::Stores;
use crate::ambient::MachineAmbient;
use crate::data_dir::DataDir;
use crate::metrics::{ProcessMetrics, verify_slowly};
use crate::reading::Readings;
use crate::settings::Settings;

/// What a process is that has every role.
const EMBEDDED: &str = "embedded";

/// The addresses of a system. Who connects before it serves waits.
#[derive(Debug)]
pub(crate) struct Listeners {
    listener: HttpListener,
    management: HttpListener,
}

impl Listeners {
    /// Takes the addresses, before anything is made on disk.
    ///
    /// # Errors
    /// When one is taken; where the data directory is in use, its user is named instead, because
    /// that is who has the address.
    pub(crate) async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        let bound = async {
            Ok(Self {
                listener: HttpListener::bind(settings.http.listen)
                    .await
                    .context("http.listen")?,
                management: HttpListener::bind(settings.http.management_listen)
                    .await
                    .context("http.management_listen")?,
            })
        };
        let bound: anyhow::Result<Self> = bound.await;
        if bound.is_err() && settings.data_dir.exists() {
            DataDir::lock(&settings.data_dir)?;
        }
        bound
    }
}

/// A system that serves.
pub(crate) struct System {
    stores: Stores,
    health: Health,
    metrics: ProcessMetrics,
    address: SocketAddr,
    router: Router,
    /// Ends the listeners first.
    serving: (CancellationToken, JoinSet<()>),
    /// Then everything that works behind them.
    working: (CancellationToken, JoinSet<()>),
}

impl System {
    /// Brings everything up over opened stores and serves. The views have caught up by then.
    ///
    /// # Errors
    /// When a part cannot be brought up.
    pub(crate) async fn start(
        mut stores: Stores,
        listeners: Listeners,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        let health = Health::new(Arc::clone(&stores.ambient));
        let metrics = ProcessMetrics::new(EMBEDDED, &health)?;
        stores.measure(&metrics)?;
        let identity = Identity::open(&stores)?;
        let reactors = ReactorParts::new(&stores);
        let runtimes = reactors.register(&stores).await?;
        let router = front_door(
            (&stores, &identity, &reactors),
            (health.clone(), metrics.http()),
            settings,
        )?;
        let Listeners {
            listener,
            management,
        } = listeners;
        let address = listener.address();

        let watch = Watch::new(&stores, &health);
        watch.look().await;
        let stop_working = CancellationToken::new();
        let mut working = JoinSet::new();
        working.spawn(watch.run(stop_working.clone()));
        let names = runtimes.iter().map(|runtime| runtime.name()).collect();
        let readings = Readings::new(stores.sources(names), &health);
        readings.read().await;
        metrics.watch_readings(readings.subscribe())?;
        working.spawn(readings.run(stop_working.clone()));
        let journal = Arc::clone(&stores.journal) as _;
        working.spawn(verify_slowly(journal, &metrics, stop_working.clone())?);
        let projector = stores.take_projector()?;
        working.spawn(run_projector(projector, stop_working.clone()));
        let issuer = identity.issuer;
        working.spawn(until(stop_working.clone(), async move {
            issuer.keep_house().await
        }));
        let hand_over = stores.credential_hand_over();
        working.spawn(until(
            stop_working.clone(),
            async move { hand_over.run().await },
        ));
        let keys = identity.keys;
        working.spawn(until(stop_working.clone(), async move {
            keys.keep_fresh().await
        }));
        for runtime in runtimes {
            let stop = stop_working.clone();
            working.spawn(async move {
                let name = runtime.name();
                if let Err(error) = runtime.run(stop).await {
                    tracing::error!(%error, reactor = name, "a reactor has ended");
                }
            });
        }

        let stop_serving = CancellationToken::new();
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, router.clone(), stop_serving.clone()));
        let operations = management_router(metrics.registry(), health.clone());
        serving.spawn(serve(management, operations, stop_serving.clone()));
        Ok(Self {
            stores,
            health,
            metrics,
            address,
            router,
            serving: (stop_serving, serving),
            working: (stop_working, working),
        })
    }

    /// What the process measures of itself.
    pub(crate) fn registry(&self) -> Registry {
        self.metrics.registry()
    }

    /// Where the front door listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The front door, for a caller in this process.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// The stores underneath.
    pub(crate) const fn stores(&self) -> &Stores {
        &self.stores
    }

    /// Drains: no new requests, then the work behind them, then the stores, the journal last.
    pub(crate) async fn stop(mut self) {
        self.health.set_draining();
        self.serving.0.cancel();
        while self.serving.1.join_next().await.is_some() {}
        self.working.0.cancel();
        while self.working.1.join_next().await.is_some() {}
        self.stores.close().await;
    }
}

async fn serve(listener: HttpListener, router: Router, stop: CancellationToken) {
    let (limits, ambient) = (ServerLimits::default(), Arc::new(MachineAmbient));
    let outcome = listener.serve(router, limits, ambient, stop).await;
    tracing::debug!(?outcome, "a listener has ended");
}

async fn run_projector(
    projector: invoiceapp_projections::projector::Projector,
    stop: CancellationToken,
) {
    projector.run(stop).await;
}

async fn until(stop: CancellationToken, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        () = stop.cancelled() => {}
    }
}
