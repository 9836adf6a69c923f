//! Liveness and readiness. `/livez` never looks downstream; `/readyz` says what the parts last
//! reported, so that asking costs nothing and a part that hangs cannot hang the answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use invoiceapp_domain::Ambient;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The state of one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// Not up yet.
    Starting,
    /// Working.
    Ready,
    /// Not working.
    Failing,
}

/// Whether the process can serve without a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Not ready without it.
    Hard,
    /// Ready without it; shown only.
    Soft,
}

/// One fact about a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum PartFact {
    /// A count, or seconds where the fact's name says so.
    Number(u64),
    /// One of a few words.
    Word(&'static str),
}

/// Facts by their names.
pub type PartFacts = BTreeMap<&'static str, PartFact>;

/// What is known of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartReport {
    /// Its state.
    pub state: PartState,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// A few words, never a secret, an address or a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// False when the process is ready without it.
    pub required: bool,
    /// What there is to know beyond that: how far behind it is, what is parked.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<&'static str, PartFact>,
}

/// The body of `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReadinessReport {
    /// Whether requests should be sent here.
    pub ready: bool,
    /// Each part by its name.
    pub parts: BTreeMap<&'static str, PartReport>,
}

#[derive(Debug, Default)]
struct Board {
    parts: BTreeMap<&'static str, PartReport>,
    draining: bool,
}

/// The board on which the parts of a process write their state; cheap to clone.
#[derive(Debug, Clone)]
pub struct Health {
    board: Arc<Mutex<Board>>,
    ambient: Arc<dyn Ambient>,
}

impl Health {
    /// An empty board: ready.
    #[must_use]
    pub fn new(ambient: Arc<dyn Ambient>) -> Self {
        Self {
            board: Arc::default(),
            ambient,
        }
    }

    /// Adds a part, which is starting until it says otherwise.
    #[must_use]
    pub fn part(&self, name: &'static str, need: Need) -> PartHandle {
        let handle = PartHandle {
            health: self.clone(),
            name,
            need,
        };
        handle.set(PartState::Starting, None, PartFacts::new());
        handle
    }

    /// Not ready any more, for good: the process is about to stop.
    pub fn set_draining(&self) {
        self.lock().draining = true;
    }

    /// The board's own time, by which a part's `since` is to be read.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.ambient.now()
    }

    /// What the parts last reported.
    #[must_use]
    pub fn report(&self) -> ReadinessReport {
        let board = self.lock();
        let missing = |part: &PartReport| part.required && !matches!(part.state, PartState::Ready);
        let ready = !board.draining && !board.parts.values().any(missing);
        ReadinessReport {
            ready,
            parts: board.parts.clone(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Board> {
        // Every change of the board is one assignment, so a panic cannot leave half of one.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// With this a part says how it is.
#[derive(Debug, Clone)]
pub struct PartHandle {
    health: Health,
    name: &'static str,
    need: Need,
}

impl PartHandle {
    /// Works.
    pub fn ready(&self) {
        self.set(PartState::Ready, None, PartFacts::new());
    }

    /// Does not work, for a reason in a few words.
    pub fn failing(&self, reason: &'static str) {
        self.set(PartState::Failing, Some(reason), PartFacts::new());
    }

    /// Works, or does not for a reason in a few words; and the facts that say how well.
    pub fn measured(&self, failure: Option<&'static str>, facts: PartFacts) {
        let state = match failure {
            None => PartState::Ready,
            Some(_) => PartState::Failing,
        };
        self.set(state, failure, facts);
    }

    fn set(&self, state: PartState, reason: Option<&'static str>, facts: PartFacts) {
        let now = self.health.ambient.now();
        let mut board = self.health.lock();
        let since = match board.parts.get(self.name) {
            Some(before) if before.state == state => before.since,
            _ => now,
        };
        let required = self.need == Need::Hard;
        board.parts.insert(
            self.name,
            PartReport {
                state,
                since,
                reason,
                required,
                facts,
            },
        );
    }
}

/// `GET /livez` and `GET /readyz`.
pub fn health_router(health: Health) -> Router {
    Router::new()
        .route(
            "/livez",
            get(|| async { axum::Json(serde_json::json!({"live": true})) }),
        )
        .route("/readyz", get(readyz))
        .with_state(health)
}

async fn readyz(State(health): State<Health>) -> Response {
    let report = health.report();
    let status = if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, axum::Json(report)).into_response()
}
