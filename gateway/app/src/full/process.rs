//! `invoiceapp serve`: one process with one role or several, until a signal asks it to end.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::http::uri::Authority;
use invoiceapp_authorizer::Authorizer;
use invoiceapp_bff::{
    PATIENCE, RemoteService, Upstream, UpstreamName, Upstreams, behind_front_door,
    management_router,
};
use invoiceapp_domain::Ambient;
use invoiceapp_http::health::Health;
use invoiceapp_http::server::{HttpListener, ServerLimits};
use invoiceapp_projections::Views;
use invoiceapp_projections::hot::HotFeeder;
use invoiceapp_projections::projector::Projector;
use invoiceapp_relay::{Relay, RelaySettings};
use invoiceapp_service::ServiceParts;
use invoiceapp_service::user_access::CredentialHandOver;
use prometheus::Registry;
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::dependencies;
use super::feed::{codec, feed, kafka};
use super::identity::{self, Believed};
use super::ports::Ports;
use super::reactors::{self, Jobs};
use super::role::Role;
use super::watch::Watch;
use crate::ambient::MachineAmbient;
use crate::metrics::{Pool, ProcessMetrics, WatchedWriter, verify_slowly};
use crate::reading::{Reading, Readings, RelaySource, Sources, ViewSource};
use crate::services::{Services, Shells};
use crate::settings::{Places, Settings};

/// How long the tasks of one kind may take to end after they were told to. Longer than any of them
/// gives itself; and what both kinds take is within the time that whoever stops us usually waits, 30 s.
const ENDING_TIME_MAX: Duration = Duration::from_secs(13);

/// Tasks that are told to end together, each by what it does.
struct Tasks {
    stop: CancellationToken,
    running: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

impl Tasks {
    fn new() -> Self {
        Self {
            stop: CancellationToken::new(),
            running: JoinSet::new(),
            names: HashMap::new(),
        }
    }

    /// Starts a task, which gets the token that tells it to end.
    fn start<F>(&mut self, name: &'static str, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let started = self.running.spawn(task(self.stop.clone()));
        self.names.insert(started.id(), name);
    }

    /// Tells them to end and waits for them, at most so long; what goes on nevertheless is cut off, and
    /// named.
    async fn end(mut self, ending_time_max: Duration) -> Vec<&'static str> {
        self.stop.cancel();
        let (running, names) = (&mut self.running, &mut self.names);
        let ended = async {
            while let Some(ended) = running.join_next_with_id().await {
                let id = ended.map_or_else(|failed| failed.id(), |(id, ())| id);
                names.remove(&id);
            }
        };
        if timeout(ending_time_max, ended).await.is_err() {
            let unfinished: Vec<&str> = self.names.values().copied().collect();
            tracing::warn!(?unfinished, "cut off at shutdown: it did not end in time");
        }
        self.running.shutdown().await;
        self.names.into_values().collect()
    }
}

/// A process at work.
pub(crate) struct Process {
    registry: Registry,
    health: Health,
    ports: Option<Ports>,
    serving: Tasks,
    working: Tasks,
}

/// What every role of a process shares.
struct Common<'a> {
    settings: &'a Settings,
    metrics: ProcessMetrics,
}

/// Starts the roles; they serve when it returns.
///
/// # Errors
/// When a setting makes no sense, a server is not one that we can work with, or an address cannot be
/// listened on.
pub(crate) async fn start(roles: &BTreeSet<Role>, settings: &Settings) -> anyhow::Result<Process> {
    let ambient: Arc<dyn Ambient> = Arc::new(MachineAmbient);
    let health = Health::new(Arc::clone(&ambient));
    let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let metrics = ProcessMetrics::new(&names.join("+"), &health)?;
    let mut process = Process {
        registry: metrics.registry(),
        health: health.clone(),
        ports: None,
        serving: Tasks::new(),
        working: Tasks::new(),
    };
    let common = Common { settings, metrics };
    let behind: BTreeSet<Role> = roles
        .iter()
        .copied()
        .filter(|it| *it != Role::Bff)
        .collect();
    if roles.contains(&Role::Bff) {
        process.front_door(&common, &ambient).await?;
    }
    if !behind.is_empty() {
        process.behind(&behind, &common).await?;
    }
    Ok(process)
}

impl Process {
    /// The front door over services in other processes.
    async fn front_door(
        &mut self,
        common: &Common<'_>,
        ambient: &Arc<dyn Ambient>,
    ) -> anyhow::Result<()> {
        let settings = common.settings;
        let believed = identity::believe_tokens_only(settings, ambient)?;
        let shells = common.shells(&believed, ambient);
        let upstreams = upstreams(&settings.services.find)?;
        self.watch(dependencies::of_front_door(
            &self.health,
            &settings.services.find,
        ));
        let router = shells.front_door(upstreams, settings, self.health.clone())?;
        self.keep_keys_fresh(believed);
        self.serve(settings.http.listen, router).await?;
        let management = management_router(common.metrics.registry(), self.health.clone());
        self.serve(settings.http.management_listen, management)
            .await
    }

    /// Every other role.
    async fn behind(&mut self, roles: &BTreeSet<Role>, common: &Common<'_>) -> anyhow::Result<()> {
        let settings = common.settings;
        let ports = Ports::open(settings).await?;
        self.ports = Some(ports.clone());
        let (believed, authorizer) = identity::open(settings, &ports)?;
        let shells = common.shells(&believed, &ports.ambient);
        let services = services(settings, &ports, (authorizer, shells)).await?;
        let watch = dependencies::of_services(&self.health, roles, (settings, &ports))?;
        self.watch(watch);
        self.keep_keys_fresh(believed);
        let journal = Arc::clone(&ports.journal);
        let mut pools: Vec<(&str, Pool)> =
            vec![("journal", Arc::new(move || journal.connections()))];
        let mut sources = Sources {
            ambient: Arc::clone(&ports.ambient),
            journal: Arc::clone(&ports.journal) as _,
            views: Vec::new(),
            jobs: None,
            reactors: None,
            relay: None,
        };
        if roles.contains(&Role::UserAccess) {
            self.hand_credentials_over(&services, &ports);
        }
        if roles.iter().any(|role| role.reacts()) {
            let jobs = Jobs::open(settings, &ports).await?;
            let mut names = Vec::new();
            for role in roles {
                names.extend(self.react(*role, settings, (&ports, &jobs)).await?);
            }
            sources.jobs = Some(Arc::clone(&jobs.store) as _);
            let store = Arc::clone(&jobs.store);
            pools.push(("jobs", Arc::new(move || store.connections())));
            sources.reactors = Some(names);
        }
        if roles.contains(&Role::Relay) {
            sources.relay = Some(self.relay(settings, &ports).await?);
        }
        if roles.contains(&Role::Projector) {
            self.project(settings, &ports)?;
            sources.views = vec![
                ViewSource::Documents(Arc::clone(&ports.store)),
                ViewSource::Hot(Arc::clone(&ports.hot)),
            ];
        }
        common.metrics.watch_pools(pools)?;
        let readings = self.read(sources);
        common.metrics.watch_readings(readings)?;
        common.metrics.watch_writer(WatchedWriter {
            head: ports.journal().subscribe(),
            stats: ports.journal.writer_stats(),
            executor: ports.executor.clone(),
        })?;
        if roles.contains(&Role::Relay) {
            let journal = Arc::clone(&ports.journal) as _;
            let stop = self.working.stop.clone();
            let verify = verify_slowly(journal, &common.metrics, stop)?;
            self.working.start("verification", |_stop| verify);
        }
        for role in roles {
            let mut router = management_router(common.metrics.registry(), self.health.clone());
            if let Some(name) = role.service() {
                router = router.merge(services.router(name));
            }
            let router = behind_front_door(router, settings.services.front_doors.clone());
            self.serve(role.listen(settings), router).await?;
        }
        Ok(())
    }

    async fn react(
        &mut self,
        role: Role,
        settings: &Settings,
        (ports, jobs): (&Ports, &Jobs),
    ) -> anyhow::Result<Option<&'static str>> {
        let Some(reactor) = reactors::reactor(role, settings, ports)? else {
            return Ok(None);
        };
        let name = reactor.name();
        let runtime = reactors::runtime(settings, (ports, jobs), reactor).await?;
        self.working.start(name, |stop| async move {
            if let Err(error) = runtime.run(stop).await {
                tracing::error!(%error, reactor = name, "a reactor has ended");
            }
        });
        Ok(Some(name))
    }

    async fn relay(&mut self, settings: &Settings, ports: &Ports) -> anyhow::Result<RelaySource> {
        let leases = super::ports::leases(settings, ports.ambient.as_ref())?;
        super::patience::open("leases", || leases.create()).await?;
        let relay_settings = RelaySettings::new(kafka(settings));
        let journal = relay_settings.kafka.journal.clone();
        let (relay, status) = Relay::new(
            relay_settings,
            ports.journal(),
            codec(settings)?,
            leases.clone(),
        );
        self.working
            .start("relay", |stop| async move { relay.run(stop).await });
        Ok(RelaySource {
            leases,
            journal,
            status: Some(status),
        })
    }

    /// Reads how far this process's own work is, for health and metrics.
    fn read(&mut self, sources: Sources) -> watch::Receiver<Option<Arc<Reading>>> {
        let readings = Readings::new(sources, &self.health);
        let newest = readings.subscribe();
        self.working.start("readings", |stop| readings.run(stop));
        newest
    }

    fn project(&mut self, settings: &Settings, ports: &Ports) -> anyhow::Result<()> {
        let store = Arc::clone(&ports.store);
        let (projector, reached) =
            Projector::on_feed(feed(settings)?, ports.journal(), Arc::clone(&store));
        self.working.start("projector", |stop| async move {
            projector.run(stop).await;
        });
        let views = Views::new(store, reached);
        let feeder = HotFeeder::new(feed(settings)?, views, Arc::clone(&ports.hot));
        self.working
            .start("hot-views", |stop| async move { feeder.run(stop).await });
        Ok(())
    }

    fn watch(&mut self, watch: Watch) {
        self.working.start("health", |stop| watch.run(stop));
    }

    /// Finishes the commands that a crash cut off between journal and credentials.
    fn hand_credentials_over(&mut self, services: &Services, ports: &Ports) {
        let hand_over = CredentialHandOver {
            credentials: Arc::clone(&services.credentials),
            executor: ports.executor.clone(),
            ambient: Arc::clone(&ports.ambient),
        };
        self.working.start("credentials", |stop| async move {
            stop.run_until_cancelled(hand_over.run()).await;
        });
    }

    fn keep_keys_fresh(&mut self, believed: Believed) {
        self.working.start("token-keys", |stop| async move {
            stop.run_until_cancelled(believed.keys.keep_fresh()).await;
        });
    }

    async fn serve(&mut self, address: SocketAddr, router: Router) -> anyhow::Result<()> {
        let listener = HttpListener::bind(address).await?;
        tracing::info!(%address, "listening");
        self.serving.start("listener", |stop| async move {
            let (limits, ambient) = (ServerLimits::default(), Arc::new(MachineAmbient));
            let outcome = listener.serve(router, limits, ambient, stop).await;
            tracing::debug!(?outcome, "a listener has ended");
        });
        Ok(())
    }

    /// What it measures of itself.
    pub(crate) fn registry(&self) -> Registry {
        self.registry.clone()
    }

    /// Drains: no new requests, then the work behind them, the journal last.
    pub(crate) async fn stop(self) {
        self.health.set_draining();
        self.serving.end(ENDING_TIME_MAX).await;
        self.working.end(ENDING_TIME_MAX).await;
        if let Some(ports) = self.ports {
            ports.close().await;
        }
    }
}

impl Common<'_> {
    fn shells(&self, believed: &Believed, ambient: &Arc<dyn Ambient>) -> Shells {
        Shells {
            gate: Arc::clone(&believed.gate),
            ambient: Arc::clone(ambient),
            metrics: self.metrics.http(),
        }
    }
}

async fn services(
    settings: &Settings,
    ports: &Ports,
    (authorizer, shells): (Arc<Authorizer>, Shells),
) -> anyhow::Result<Services> {
    Ok(Services {
        shells,
        service: ServiceParts {
            executor: ports.executor.clone(),
            views: ports.views.clone(),
            ambient: Arc::clone(&ports.ambient),
        },
        credentials: identity::credentials(settings, ports).await?,
        authorizer,
        pdf: reactors::pdf(ports),
        media: reactors::media(ports),
    })
}

/// The services where the settings say that they are.
fn upstreams(find: &Places) -> anyhow::Result<Upstreams> {
    let remote = |name: UpstreamName, place: &str| -> anyhow::Result<Upstream> {
        let authority: Authority = place
            .parse()
            .with_context(|| format!("services.find.{} is not host:port", name.as_str()))?;
        Ok(Upstream::new(RemoteService::new(name, authority, PATIENCE)))
    };
    Ok(Upstreams {
        authorizer: remote(UpstreamName::Authorizer, &find.authorizer)?,
        user_access: remote(UpstreamName::UserAccess, &find.user_access)?,
        product: remote(UpstreamName::Product, &find.product)?,
        invoice: remote(UpstreamName::Invoice, &find.invoice)?,
        pdf: remote(UpstreamName::Pdf, &find.pdf)?,
        media: remote(UpstreamName::Media, &find.media)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_does_not_end_is_named_and_cut_off() {
        let dropped = CancellationToken::new();
        let mut tasks = Tasks::new();
        tasks.start("obedient", |stop| async move { stop.cancelled().await });
        let guard = dropped.clone().drop_guard();
        tasks.start("endless", |_stop| async move {
            let _guard = guard;
            std::future::pending().await
        });
        let unfinished = tasks.end(Duration::from_millis(50)).await;
        assert_eq!(unfinished, ["endless"]);
        assert!(dropped.is_cancelled());
    }

    #[tokio::test]
    async fn tasks_that_end_are_waited_for_and_not_cut_off() {
        let mut tasks = Tasks::new();
        let ended = CancellationToken::new();
        let drained = ended.clone();
        tasks.start("draining", |stop| async move {
            stop.cancelled().await;
            tokio::task::yield_now().await;
            drained.cancel();
        });
        tasks.start(
            "failing",
            |_stop| async move { panic!("a bug in the task") },
        );
        assert!(tasks.end(ENDING_TIME_MAX).await.is_empty());
        assert!(ended.is_cancelled());
    }
}
