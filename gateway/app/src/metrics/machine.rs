//! What the process is, what it stands on, and how its parts are.

use std::path::PathBuf;
use std::sync::Arc;

use invoiceapp_http::health::{Health, PartState};
use prometheus::core::Collector;

use super::asked::{Name, collector as asked, number};

const BUILD: Name = ("invoiceapp_build_info", "Always 1: what runs here.");
const UP: Name = (
    "invoiceapp_part_up",
    "1 while the part works, as `/readyz` shows it.",
);
const SINCE: Name = (
    "invoiceapp_part_since_seconds",
    "Time since the part's state has changed.",
);
const POOL: Name = (
    "invoiceapp_pool_connections",
    "Connections of a pool: idle, used.",
);
const DISK: Name = (
    "invoiceapp_data_dir_free_bytes",
    "Bytes that can be written where the data is.",
);

/// Asks a pool for its connections: used ones and idle ones.
pub(crate) type Pool = Arc<dyn Fn() -> (u64, u64) + Send + Sync>;

/// Shows what runs here.
pub(super) fn build(role: String) -> Box<dyn Collector> {
    asked(&[BUILD], move |families| {
        let labels = [env!("CARGO_PKG_VERSION").to_owned(), role.clone()];
        families.gauges(BUILD, ["version", "role"], [(labels, 1.0)]);
    })
}

/// Shows the health board.
pub(super) fn parts(health: Health) -> Box<dyn Collector> {
    asked(&[UP, SINCE], move |families| {
        let parts = health.report().parts;
        let now = health.now();
        let up = parts.iter().map(|(name, part)| {
            let is_up = part.state == PartState::Ready;
            ([(*name).to_owned()], number(is_up.into()))
        });
        families.gauges(UP, ["part"], up);
        let since = parts.iter().map(|(name, part)| {
            let since = now.duration_since(part.since).as_secs_f64();
            ([(*name).to_owned()], since.max(0.0))
        });
        families.gauges(SINCE, ["part"], since);
    })
}

/// Shows pools.
pub(super) fn pools(pools: Vec<(&'static str, Pool)>) -> Box<dyn Collector> {
    asked(&[POOL], move |families| {
        let values = pools.iter().flat_map(|(name, pool)| {
            let (used, idle) = pool();
            [("used", used), ("idle", idle)]
                .map(|(state, count)| ([(*name).to_owned(), state.to_owned()], number(count)))
        });
        families.gauges(POOL, ["pool", "state"], values);
    })
}

/// Shows the room that is left on a disk.
pub(super) fn disk(path: PathBuf) -> Box<dyn Collector> {
    asked(&[DISK], move |families| {
        if let Ok(disk) = rustix::fs::statvfs(&path) {
            families.gauge(DISK, number(disk.f_bavail.saturating_mul(disk.f_frsize)));
        }
    })
}
