//! Receivers of telemetry, good and bad.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;

/// Longest request that the good one takes.
const REQUEST_BYTES_MAX: usize = 64 << 20;

/// An address that refuses every connection.
pub(crate) fn gone() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

/// A receiver that reads and says nothing.
pub(crate) fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut taken = [0; 8_192];
                while connection.read(&mut taken).is_ok_and(|count| count > 0) {}
            });
        }
    });
    address
}

/// A receiver that takes everything, and looks at nothing.
pub(crate) async fn taking() -> SocketAddr {
    let take = |_body: Bytes| async { StatusCode::OK };
    let router = Router::new()
        .fallback(take)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    address
}
