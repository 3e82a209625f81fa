//! The words every part of Clair shares.
//!
//! An *image* is a list of layers; analyzers find *packages* and *distributions* in them, merged
//! into an [`IndexReport`]. Sources of security data state *advisories*, each of which names the
//! packages it affects inside a [`Namespace`]. Matching the two gives a [`VulnerabilityReport`], to
//! which *enrichments* add what other sources know of the same vulnerabilities.
//! This crate holds those types and the JSON of the two reports; it does no I/O.

mod advisory;
mod coverage;
mod digest;
mod distribution;
mod enrichment;
pub mod facts;
mod lifecycle;
mod manifest;
mod namespace;
mod package;
pub mod releases;
mod report;
mod repository;
mod severity;
mod source;

pub use advisory::{Advisory, Affected, FixState, Vulnerable};
pub use coverage::{Gap, GapKind};
pub use digest::{Algorithm, Digest, ParseDigestError};
pub use distribution::Distribution;
pub use enrichment::{Enrichment, JsonText};
pub use manifest::{Manifest, ManifestLayer};
pub use namespace::Namespace;
pub use package::{Package, PackageKind, PackageManager, SourcePackage, UnknownPackageManager};
pub use report::{
    Environment, Id, IndexReport, IndexState, ReportDistribution, ReportPackage, ReportRepository,
    ReportVulnerability, VulnerabilityReport,
};
pub use repository::Repository;
pub use severity::{ParseSeverityError, Severity};
pub use source::{SourceKind, UnknownSourceKind};
