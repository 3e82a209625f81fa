//! Files of Clair's format, read and written.
#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of #[test]")]

mod corpus;
mod enrichments;
mod hostile;
mod lines;
mod outcome;
mod round_trip;
mod support;
mod written;
