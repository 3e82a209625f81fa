//! `clairctl` as a person runs it: arguments in, standard output and exit status out.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, outside of #[test]"
)]

mod database;
mod interchange;
mod platforms;
mod remote;
mod scan;
mod statements;
mod support;
mod systems;
mod triage;
