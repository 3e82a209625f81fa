//! The indexer as its callers see it: a real PostgreSQL, a real HTTP server for layers, gRPC over
//! a real socket.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

mod egress;
mod failures;
mod indexing;
mod layers;
mod queue;
mod replicas;
mod reports;
mod support;
