//! The notifier as those around it see it: a real PostgreSQL and a real NATS, gRPC and HTTP over
//! real sockets, a matcher that answers what it is told to, and a receiver of webhooks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

mod absences;
mod api;
mod delivery;
mod receivers;
mod replicas;
mod support;
mod tls;
mod updates;
