//! The toolkit as a service uses it: routers behind their shell, asked in process, and the server
//! asked over a socket.
#![expect(
    clippy::unwrap_used,
    reason = "what a fixture cannot do fails its test"
)]

mod access;
mod answers;
mod bodies;
mod commands;
mod exposition;
mod fixture;
mod hostile;
mod lateness;
mod operations;
mod problems;
mod queries;
mod server;
