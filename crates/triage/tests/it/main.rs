//! Rules applied to reports: what is suppressed, by what, and what is told of the rest.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::needless_pass_by_value,
    reason = "helpers of tests, outside of #[test]"
)]

mod corpus;
mod csaf;
mod cyclonedx;
mod hostile;
mod ignore;
mod openvex;
mod precedence;
mod support;
