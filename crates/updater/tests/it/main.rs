//! The updater against a real PostgreSQL, asked over a real socket.
#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of #[test]")]

mod archives;
mod faults;
mod interchange;
mod support;
mod updating;
