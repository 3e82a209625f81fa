//! The bus with a real NATS server.

#![allow(clippy::unwrap_used, reason = "only tests use it")]

mod dead_letters;
mod events;
mod outages;
mod priorities;
mod queue;
mod support;
mod traces;
