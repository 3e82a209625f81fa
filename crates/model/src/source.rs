//! What sources of security data have to say.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What the records of a source are.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// [Advisories](crate::Advisory).
    #[default]
    Vulnerability,
    /// Further facts: [`Enrichment`](crate::Enrichment)s.
    Enrichment,
}

impl SourceKind {
    /// The kind as a word: Clair's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vulnerability => "vulnerability",
            Self::Enrichment => "enrichment",
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that names no kind of source.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is unknown")]
pub struct UnknownSourceKind(String);

impl FromStr for SourceKind {
    type Err = UnknownSourceKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Vulnerability, Self::Enrichment]
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownSourceKind(name.to_owned()))
    }
}
