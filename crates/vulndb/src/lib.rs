//! The read-optimised database of advisories and enrichments.
//!
//! A database is a directory: a small manifest, and one immutable, memory-mapped *segment* for
//! each source of records (`debian`, `alpine/v3.18/main`, `epss`). [`Database`] reads it, in any number
//! of processes and threads at once. [`Store`] replaces segments, one writer at a time; the
//! replacement of the manifest makes a change visible, as a whole, to those who open the database
//! after it. [`export`] and [`import`] carry a database to another machine.
//!
//! It knows nothing about where records come from; what a version means is up to
//! [`clair_version`], and what an enrichment means to those who look it up. The `segment` module describes the format of the files.

mod advisories;
mod candidate;
mod database;
mod enrichments;
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
pub use enrichments::{EnrichmentReader, Enrichments};
pub use error::Error;
pub use segment::{AdvisoryText, Arches, EnrichmentWriter, NewSegment, Ranges, SegmentWriter};
pub use source::{Provenance, SourceInfo};
pub use store::{Store, Update};
pub use transfer::{ExportSummary, ImportSummary, export, import};
