//! The updater: follows the feeds of the vendors and stores what changes.
//!
//! Every feed has a task that waits until one of its sources is due, by what the database says of
//! the last attempt, so that replicas share one schedule and a restart asks nobody. A *run* then
//! asks the sources of the feed. The update of a source is done under a lock that one replica has,
//! in one transaction that takes the document while it is parsed: parsing is blocking and happens
//! on threads for that purpose, which hand over encoded advisories through a channel that holds
//! few of them. Whatever goes wrong before the commit leaves the data of before, and the reason
//! with the source. After it, an event tells the other services; those who miss it look into the
//! database from time to time.
//!
//! Callers of the interface watch runs, they do not own them: a run ends by itself, or with the
//! process.

mod archive;
mod catalog;
mod config;
mod documents;
mod engine;
mod error;
mod events;
mod export;
mod health;
mod import;
mod messages;
mod metrics;
mod offline;
mod retention;
mod run;
mod schedule;
mod serve;
mod service;
mod source;

pub use clair_service::Database;
pub use config::{Config, FeedConfig, InvalidConfig};
pub use error::Error;
pub use events::{Events, NoEvents, PublishError};
pub use metrics::describe_metrics;
pub use offline::{ImportResult, ImportedSource, import_document};
pub use serve::{run, serve};
