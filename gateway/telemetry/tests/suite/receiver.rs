//! A receiver of OTLP that keeps what it gets.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::routing::post;

/// What came in: path, the `authorization` header, body.
pub(crate) type Received = (String, String, Bytes);

/// The receiver.
#[derive(Clone, Default)]
pub(crate) struct Receiver(Arc<Mutex<Vec<Received>>>);

/// An address that nobody listens on.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

impl Receiver {
    /// Listens, on a runtime of its own as a receiver elsewhere would.
    pub(crate) fn listen(&self, address: SocketAddr) {
        let router = Router::new()
            .route("/v1/{signal}", post(take))
            .with_state(self.clone());
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, router).await.unwrap();
            });
        });
    }

    /// Whether something came to a path that says a word.
    pub(crate) fn has_heard(&self, path: &str, word: &[u8]) -> bool {
        let says = |body: &Bytes| body.windows(word.len()).any(|window| window == word);
        self.received(path).iter().any(|(_, _, body)| says(body))
    }

    /// Everything that came to a path.
    pub(crate) fn received(&self, path: &str) -> Vec<Received> {
        let received = self.0.lock().unwrap();
        let wanted = received.iter().filter(|it| it.0 == path);
        wanted.cloned().collect()
    }
}

async fn take(State(receiver): State<Receiver>, uri: Uri, headers: HeaderMap, body: Bytes) {
    let authorization = headers
        .get("authorization")
        .map(|value| value.to_str().unwrap().to_owned());
    let received = (
        uri.path().to_owned(),
        authorization.unwrap_or_default(),
        body,
    );
    receiver.0.lock().unwrap().push(received);
}
