//! The matcher as its callers see it: over gRPC, with a real database behind it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests, outside of #[test]"
)]

mod affected;
mod following;
mod operations;
mod reports;
mod speed;
mod support;
