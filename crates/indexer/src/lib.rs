//! The indexer: from the manifests that clients submit to index reports.
//!
//! [`run`] serves `clair.indexer.v1.Indexer`. What is in a layer is found out by `clair_index`;
//! here is what makes a service of it: where layers come from, who waits for whose
//! work, and what is kept in PostgreSQL.
//!
//! - `fetch` turns the address of a layer into bytes.
//! - `layers` reads layers, each once however many images have it.
//! - `attempt` leads one manifest from its submission to its report.
//! - `indexer` lets all who ask for the same manifest at the same time wait for one attempt.
//! - `queue` does the same for those who do not wait.
//! - `service` speaks gRPC.
//!
//! A layer is read once for each set of analyzers: its findings are in the database, named by the
//! digest of the layer and the state of the indexer. Within a process, everybody who needs a layer
//! that is being read waits for it. Between processes, a lock in the database sees to it that one
//! of them indexes a manifest and the others find the report.

mod attempt;
mod config;
mod error;
mod fetch;
mod findings;
mod flight;
mod garbage;
mod health;
mod indexer;
mod layers;
mod metrics;
mod progress;
mod queue;
mod retry;
mod run;
mod service;
mod stream;

pub use clair_service::Database;
pub use config::{Config, Limits};
pub use error::Error;
pub use metrics::describe_metrics;
pub use run::{run, serve};
