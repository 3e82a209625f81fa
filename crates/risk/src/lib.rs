//! How much a finding matters.
//!
//! A vulnerability report says which vulnerabilities an image has. What other sources know of them
//! are [`Facts`]: assessments by CVSS, how likely exploitation is, whether it happens. Reports carry
//! them as *enrichments*, which this crate writes and reads; where facts are looked up it does not
//! know. [`Risk`] makes one number of them, by which findings are sorted, and says how. A [`Policy`]
//! is a condition on findings, as an expression: `severity>=high and (kev or epss>0.5)`.

pub mod cvss;
mod enrichments;
mod facts;
mod policy;
mod score;
mod ssvc;

pub use enrichments::{CVSS, EPSS, KEV, SCORES, SSVC, UnreadableEnrichment, read, write};
pub use facts::{CveFacts, Facts, Releases, cves};
pub use policy::{Finding, ParsePolicyError, Policy};
pub use score::{Inputs, Risk};
pub use ssvc::{Decision, MissionImpact, decide};
