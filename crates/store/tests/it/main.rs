//! The store against a real PostgreSQL: one server for all tests, a database for each.

#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of #[test]")]

mod connection;
mod deliveries;
mod garbage;
mod images;
mod leadership;
mod manifests;
mod notifications;
mod operations;
mod records;
mod replay;
mod schema;
mod search;
mod support;
mod updates;
