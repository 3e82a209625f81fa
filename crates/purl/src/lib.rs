//! Package URLs, <https://github.com/package-url/purl-spec>: one is made for a package of a
//! report, and a package is recognised by those that others make of it.
//!
//! Two programs seldom write the same URL for one package: one has the distribution as
//! `debian-12`, the other as `bookworm`; one has the epoch of an rpm in the version, the other in a
//! qualifier; Red Hat is `redhat` or `rhel`. [`Subject`] knows a package by all of these. What a URL
//! does not say, it does not restrict. [`Written`] is for reading what vendors make of them.

mod distribution;
mod ecosystem;
mod subject;
mod written;

pub use ecosystem::Ecosystem;
pub use packageurl::{Error, PackageUrl};
pub use subject::Subject;
pub use written::{Decoded, Written};
