//! The matcher: an index report in, a vulnerability report out.
//!
//! It answers from a local, memory-mapped copy of the advisories. The copy follows PostgreSQL:
//! whenever the newest update operation of a source is another one than that from which the
//! source's segment was made, the segment is made anew from a snapshot of the source. All segments
//! that changed are committed together, the database is opened again, and requests that begin from
//! then on get the new *generation*; those that are under way end with the one they began with. The
//! copy stays on disk, so that a matcher which starts again serves at once, with or without
//! PostgreSQL.
//!
//! - `follow` keeps the copy up to date, `generation` holds what is open.
//! - `report` makes reports of index reports, which `index_reports` fetches from the indexer.
//! - `affected` answers the reverse question: which indexed images a vulnerability affects. Which
//!   packages come into question is asked of PostgreSQL; whether they are affected is decided by
//!   the same function that makes the reports.
//! - `operations` tells of the history of updates.
//! - `limit` bounds how much is matched at the same time.
//!
//! What makes a version vulnerable is the business of `clair_matching`, not of this crate.

mod affected;
mod config;
mod database;
mod error;
mod follow;
mod generation;
mod health;
mod index_reports;
mod limit;
mod metrics;
mod operations;
mod report;
mod run;
mod service;
mod statement;

pub use clair_service::Database;
pub use config::{Config, Limits};
pub use error::Error;
pub use metrics::describe_metrics;
pub use run::{run, serve};
