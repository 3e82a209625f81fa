//! The feeds against documents of one oddity each, against real ones, and over real sockets.

#![allow(clippy::print_stdout, reason = "tells counts, and what was not run")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod almalinux;
mod alpine;
mod archives;
mod bitnami;
mod chainguard;
mod corpus;
mod debian;
mod fetching;
mod mirrors;
mod osv;
mod properties;
mod rocky;
mod server;
mod support;
mod ubuntu;
