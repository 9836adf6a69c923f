//! The media crate: hostile files against the sanitizer, the reactor on a real journal, the service
//! over HTTP.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

mod conditional;
mod files;
mod invoices;
mod overload;
mod pdfs;
mod pictures;
mod reactor;
mod service;
mod world;
