//! The interfaces over real sockets.

#![allow(clippy::unwrap_used, reason = "only tests use it")]

mod arbitrary;
mod calls;
mod conversions;
mod deadlines;
mod operations;
mod replicas;
mod retries;
mod support;
mod traces;
mod trust;
