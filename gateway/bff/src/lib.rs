//! The front door: everything under `/api/v1` and the published keys by one table of routes, rate
//! limits, headers, the OpenAPI document and its page.
//!
//! It decides nothing about who may do what: every service checks the caller itself, so that going
//! round the front door gains nothing.

mod config;
mod docs;
mod gateway;
mod headers;
mod limits;
mod openapi;
mod remote;
mod routes;
mod upstream;

pub use config::{BffConfig, InvalidOrigin, Origin, Rate};
pub use docs::{DOCS_PATH, OPENAPI_PATH};
pub use gateway::{Bff, management_router};
pub use headers::behind_front_door;
pub use limits::{RATE_LIMIT_KEYS_MAX, RateLimits};
pub use openapi::{DocumentConflict, merge_documents};
pub use remote::{PATIENCE, RemoteService};
pub use routes::{ROUTES, RouteRule, UpstreamName, route_of};
pub use upstream::{Upstream, Upstreams};
