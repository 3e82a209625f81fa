//! The suite as its operators and clients see it: real processes, a real PostgreSQL, a real NATS,
//! HTTP from outside, and SIGKILL at any moment.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, outside of #[test]"
)]

mod command;
mod flow;
mod killed;
mod replicas;
mod same_report;
mod statements;
mod support;
