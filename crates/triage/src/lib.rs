//! Triage: what people have decided about findings, applied to a finished report.
//!
//! A [`VulnerabilityReport`](clair_model::VulnerabilityReport) says what vendors know. Whoever builds
//! or runs an image knows more: that the vulnerable code is never reached, or that the risk is
//! accepted until spring. They say so in *VEX documents* ([`Document`]: OpenVEX, CSAF, CycloneDX) and
//! in *ignore files* ([`IgnoreFile`]: our own, Trivy's, Grype's). [`Rules`] are all of these
//! together; [`Rules::apply`] takes out of a report what they suppress, and tells of each finding
//! by what. Nothing gets lost: a suppressed finding is in the list of those, with its *trace*, and a
//! rule that nothing needed is told by [`Rules::unused`].
//!
//! Where a document leaves a doubt, the finding stays.

mod error;
mod finding;
mod ignore;
mod image;
mod rules;
mod text;
mod trace;
mod vex;

pub use error::Error;
pub use ignore::IgnoreFile;
pub use image::{Image, ImageName};
pub use rules::{Rules, Triaged, Unused, Usage};
pub use trace::{Annotated, Origin, Suppressed, Trace};
pub use vex::{Document, Format, Status};
