//! The indexer as its callers see it: a real PostgreSQL, a real HTTP server for layers, gRPC over
//! a real socket.

mod egress;
mod failures;
mod indexing;
mod layers;
mod replicas;
mod reports;
mod support;
