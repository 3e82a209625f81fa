//! Distributions, and the namespaces in which their packages are looked up.

mod namespaces;

use serde::{Deserialize, Serialize};

/// A release of a distribution, with the fields of Clair's API.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Distribution {
    /// The `ID` of os-release: `debian`, `alpine`, `rhel`.
    pub did: String,
    /// Name for people.
    pub name: String,
    /// Version as the distribution writes it, often with the code name: `12 (bookworm)`.
    pub version: String,
    /// Code name: `bookworm`, `jammy`.
    pub version_code_name: String,
    /// Version number: `12`, `22.04`. Clair leaves it empty for Alpine, where `version` is the
    /// branch.
    pub version_id: String,
    /// Architecture, where the release files tell it.
    pub arch: String,
    /// CPE, where the release files tell it.
    pub cpe: String,
    /// Full name for people.
    pub pretty_name: String,
}
