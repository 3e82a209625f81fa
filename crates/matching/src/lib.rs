//! Matching: which packages of an image which advisories affect, and why.
//!
//! Every installed package asks the database what is said about its name, and about the name of
//! the source it was built from, in the namespaces of its distribution. A *statement* found so is
//! *judged*: does it speak of this architecture and module, and of this version? [`report`] makes
//! a vulnerability report of the statements that affect, and [`explain`] tells for one
//! vulnerability what every statement came to. Both judge by the same function, so that an
//! explanation cannot contradict a report.
//!
//! What other sources know of a vulnerability that affects is looked up by its CVEs, and with it goes
//! into the report and its order ([`clair_risk`]).
//!
//! Nothing here knows a distribution: what is particular about one is in its namespaces
//! ([`clair_model::Distribution::namespaces`]), in the order of its versions ([`clair_version`])
//! and in how its feed is read.

mod coverage;
mod enrich;
mod explain;
mod headers;
mod installed;
mod judge;
mod platform;
mod report;
mod repositories;
mod weigh;

pub use coverage::Freshness;
pub use explain::{Explanation, Statement, Trace, explain};
pub use judge::{Subject, Verdict, judge};
pub use report::report;
