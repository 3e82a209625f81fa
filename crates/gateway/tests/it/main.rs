//! The gateway as its clients see it: HTTP over real sockets, in front of services that answer as
//! they are told by gRPC over real sockets. Every answer is compared with what the description of
//! the API says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

mod admin;
mod bodies;
mod clients;
mod description;
mod discovery;
mod failures;
mod index_reports;
mod limits;
mod notifications;
mod replay;
mod requests;
mod rights;
mod support;
mod tls;
mod tokens;
mod updates;
mod vulnerability_reports;
