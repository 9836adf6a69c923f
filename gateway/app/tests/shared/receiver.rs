//! A receiver of traces, logs and metrics that keeps what it is sent, as it came.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, Uri};
use axum::routing::post;

/// Longest request that it takes.
const REQUEST_BYTES_MAX: usize = 64 << 20;

/// What came in: where to, and the body.
#[derive(Clone, Default)]
pub(crate) struct Receiver(Arc<Mutex<Vec<(String, Bytes)>>>);

impl Receiver {
    /// Listens; its address is what a process is to send to.
    pub(crate) async fn start() -> (Self, String) {
        let receiver = Self::default();
        let router = Router::new()
            .route("/v1/{signal}", post(take))
            .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
            .with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (receiver, format!("http://{address}"))
    }

    /// Whether a signal's requests say something. Texts are themselves in protobuf, and ids are bytes.
    pub(crate) fn has(&self, signal: &str, wanted: impl AsRef<[u8]>) -> bool {
        let received = self.0.lock().unwrap();
        received
            .iter()
            .filter(|(path, _)| path.ends_with(signal))
            .any(|(_, body)| contains(body, wanted.as_ref()))
    }

    /// How many requests of one signal have come since the last one of another.
    pub(crate) fn count_since_last(&self, signal: &str, other: &str) -> usize {
        let received = self.0.lock().unwrap();
        let since = received.iter().rev();
        since
            .take_while(|(path, _)| !path.ends_with(other))
            .filter(|(path, _)| path.ends_with(signal))
            .count()
    }
}

fn contains(body: &[u8], wanted: &[u8]) -> bool {
    body.windows(wanted.len()).any(|window| window == wanted)
}

async fn take(State(receiver): State<Receiver>, uri: Uri, body: Bytes) -> StatusCode {
    let received = (uri.path().to_owned(), body);
    receiver.0.lock().unwrap().push(received);
    StatusCode::OK
}
