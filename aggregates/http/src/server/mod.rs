//! The accept loop that every service is served by.
//!
//! | threat | bound |
//! |---|---|
//! | too many sockets | [`ServerLimits::connections_max`]; the rest waits in the listen queue |
//! | a socket that says nothing, slow headers | [`ServerLimits::header_timeout`] |
//! | a slow body | a floor of bytes per second, and [`ServerLimits::body_timeout`] in all |
//! | a client that does not read | [`ServerLimits::write_stall_timeout`] |
//! | a slow handler | [`ServerLimits::request_timeout`], answered 503 |
//! | too much at once | [`ServerLimits::requests_in_flight_max`]; the rest gets 503 at once |
//! | HTTP/2 floods | stream, header and reset limits, keep-alive pings |
//! | HTTP/2 connections that are kept for nothing | [`ServerLimits::idle_timeout`] |
//!
//! What a handler has not read of a body is drained within bounds before the answer goes out, so
//! that a client that is still sending gets to read the answer. Such a request is served already and
//! keeps no other one out.

mod clock;
mod connection;
mod paced;
mod refusal;
mod stall;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::{Extensions, request::Parts};
use invoiceapp_domain::Ambient;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::clock::{AnswerClock, BodyFailure, Patience};
use self::connection::{Endpoint, serve_connection};
pub(crate) use self::refusal::TraceSlot;

/// Wait after a failed accept: the process may be out of file descriptors.
const ACCEPT_RETRY_WAIT: Duration = Duration::from_millis(100);

/// What bounds a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// From the start of a connection, or from its last answer, to the end of the next headers.
    pub header_timeout: Duration,
    /// From the headers, or from the last piece of the body, to the answer.
    pub request_timeout: Duration,
    /// A write that makes no progress for so long ends the connection.
    pub write_stall_timeout: Duration,
    /// A body has so long before its rate counts.
    pub body_grace: Duration,
    /// The slowest body after that.
    pub body_bytes_per_second_min: u64,
    /// Longest time for a whole body, however fast it comes.
    pub body_timeout: Duration,
    /// Most of an unread body that is read and thrown away.
    pub drain_bytes_max: u64,
    /// Longest time for that.
    pub drain_timeout: Duration,
    /// An HTTP/2 connection that was not used for so long, or for at most twice as long, is closed;
    /// one of HTTP/1.1 after [`Self::header_timeout`].
    pub idle_timeout: Duration,
    /// Most connections.
    pub connections_max: usize,
    /// Most requests at the same time.
    pub requests_in_flight_max: usize,
    /// After the stop: longest wait for requests that are being served.
    pub stop_timeout: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            write_stall_timeout: Duration::from_secs(30),
            body_grace: Duration::from_secs(5),
            body_bytes_per_second_min: 1024,
            body_timeout: Duration::from_secs(120),
            drain_bytes_max: 32 << 20,
            drain_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(60),
            connections_max: 2_000,
            requests_in_flight_max: 1_000,
            stop_timeout: Duration::from_secs(10),
        }
    }
}

/// The address cannot be listened on.
#[derive(Debug, Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    /// Where to.
    pub address: SocketAddr,
    #[source]
    source: io::Error,
}

/// How a server came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopOutcome {
    /// Every request was answered.
    Drained,
    /// So many connections were still busy when the time was up.
    CutOff(usize),
}

/// A socket that listens; nothing is accepted before [`Self::serve`].
#[derive(Debug)]
pub struct HttpListener {
    listener: TcpListener,
    address: SocketAddr,
}

impl HttpListener {
    /// Listens.
    ///
    /// # Errors
    /// [`BindError`] when the address is taken or not ours.
    pub async fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let listened = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        listened
            .await
            .map_err(|source| BindError { address, source })
    }

    /// The address, with the port that was picked where 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then lets what is being served come to its end. `ambient` names the
    /// traces of requests that are refused before any service has seen them.
    pub async fn serve(
        self,
        router: Router,
        limits: ServerLimits,
        ambient: Arc<dyn Ambient>,
        stop: CancellationToken,
    ) -> StopOutcome {
        let connections = Arc::new(Semaphore::new(limits.connections_max));
        let endpoint = Endpoint::new(router, limits, ambient);
        let (tracker, cut_off) = (TaskTracker::new(), CancellationToken::new());
        while let Some((stream, peer, permit)) = self.accept(&connections, &stop).await {
            let serving = serve_connection(endpoint.clone(), stream, peer, stop.clone());
            let cut_off = cut_off.clone();
            tracker.spawn(async move {
                cut_off.run_until_cancelled(serving).await;
                drop(permit);
            });
        }
        drop(self.listener);
        tracker.close();
        let drained = tokio::time::timeout(limits.stop_timeout, tracker.wait()).await;
        let outcome = match drained {
            Ok(()) => StopOutcome::Drained,
            Err(_) => StopOutcome::CutOff(tracker.len()),
        };
        cut_off.cancel();
        tracker.wait().await;
        outcome
    }

    /// The next connection, once there is room for one; `None` after the stop.
    async fn accept(
        &self,
        connections: &Arc<Semaphore>,
        stop: &CancellationToken,
    ) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let next = async {
            let permit = Arc::clone(connections).acquire_owned().await.ok()?;
            loop {
                match self.listener.accept().await {
                    Ok((stream, peer)) => return Some((stream, peer, permit)),
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not accepted");
                        tokio::time::sleep(ACCEPT_RETRY_WAIT).await;
                    }
                }
            }
        };
        stop.run_until_cancelled(next).await.flatten()
    }
}

/// Where a request came from: the socket's peer, unless a gateway in this process knows better.
/// Never taken from a header by itself. As an extractor it is the unspecified address when nobody
/// said, so that all such requests share one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address that a request carries in its extensions.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        let unknown = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        extensions.get::<Self>().copied().unwrap_or(unknown)
    }

    /// What a limit per address counts by: an IPv6 customer has a whole /64.
    #[must_use]
    pub fn limit_key(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
                address.to_bits() & !u128::from(u64::MAX),
            )),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.extensions))
    }
}
