//! The reactor runtime: its job store under the port's conformance suite, and whole reactors under
//! crashes, zombies, outages, wakes and rebuilds.

mod crashes;
mod harness;
mod reactors;
mod running;
mod sqlite;
