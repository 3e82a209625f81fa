//! The client against servers over real sockets: hand-made ones that misbehave as told, and the
//! registry of the Docker distribution.

#![allow(clippy::print_stdout, reason = "tells what was not run")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod auth;
mod blobs;
mod corpus;
mod distribution;
mod locations;
mod manifests;
mod registry;
mod server;
