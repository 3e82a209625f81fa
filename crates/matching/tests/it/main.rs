//! What a vulnerability report says, given an index report and a database.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, outside of #[test]"
)]

mod coverage;
mod enrichments;
mod explanation;
mod findings;
mod known_false_findings;
mod products;
mod redhat;
mod rpm;
mod support;
