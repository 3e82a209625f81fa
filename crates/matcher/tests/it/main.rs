//! The matcher as its callers see it: over gRPC, with a real database behind it.

mod affected;
mod following;
mod operations;
mod reports;
mod speed;
mod support;
