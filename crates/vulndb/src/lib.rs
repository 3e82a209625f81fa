//! The read-optimised advisory database.
//!
//! A database is a directory: a small manifest, and one immutable, memory-mapped *segment* for
//! each source of advisories (`debian`, `alpine/v3.18/main`). [`Database`] reads it, in any number
//! of processes and threads at once. [`Store`] replaces segments, one writer at a time; the
//! replacement of the manifest makes a change visible, as a whole, to those who open the database
//! after it. [`export`] and [`import`] carry a database to another machine.
//!
//! It knows nothing about where advisories come from, and what a version means is up to
//! [`clair_version`]. The `segment` module describes the format of the files.

mod advisories;
mod candidate;
mod database;
mod error;
mod files;
mod manifest;
mod segment;
mod source;
mod store;
mod transfer;

pub use advisories::Advisories;
pub use candidate::{AdvisoryKey, AdvisoryRef, Candidate, Candidates, TextReader};
pub use database::Database;
pub use error::Error;
pub use segment::{AdvisoryText, Arches, NewSegment, Ranges, SegmentWriter};
pub use source::{Provenance, SourceInfo};
pub use store::{Store, Update};
pub use transfer::{ExportSummary, ImportSummary, export, import};
