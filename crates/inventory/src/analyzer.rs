//! The contract between the pass over a layer and the analyzers.

use std::fmt;

use clair_model::{Package, Repository};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Ownership, Provenance};

/// Turns the bytes of files into findings.
pub trait Analyzer: Send + Sync {
    /// Name and version. The version goes up whenever the same bytes give other findings, so that
    /// results kept from an older one are not used.
    fn id(&self) -> AnalyzerId;

    /// Whether it wants the content of a file. Called for every file of every layer.
    fn wants(&self, file: &FileInfo<'_>) -> bool;

    /// Whether the owner of this path is interested in it even if it is a link, so that the file
    /// it points to must be read in its place.
    fn follows(&self, _path: &str) -> bool {
        false
    }

    /// Files with the same key are analyzed together once the layer has been read. By default
    /// each is analyzed alone, as soon as it was read.
    fn companion_of<'a>(&self, _path: &'a str) -> Option<&'a str> {
        None
    }

    /// Analyzes a file; `companions` are the others with its key that the layer has.
    ///
    /// # Errors
    ///
    /// When nothing could be made of the file. What could not be made of parts of it belongs into
    /// [`Findings::problems`].
    fn analyze(&self, file: &File<'_>, companions: &[File<'_>]) -> Result<Findings, AnalyzeError>;
}

/// Name and version of an analyzer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnalyzerId {
    /// Name.
    pub name: &'static str,
    /// Version.
    pub version: u32,
}

impl fmt::Display for AnalyzerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.version)
    }
}

/// What is known of a file before it is read.
#[derive(Debug, Clone, Copy)]
pub struct FileInfo<'a> {
    /// Cleaned path, relative to the root.
    pub path: &'a str,
    /// Size in bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
}

/// A file with its bytes.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Cleaned path, relative to the root.
    pub path: &'a str,
    /// The content.
    pub bytes: &'a [u8],
}

/// What one file tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// The packages it lists.
    pub packages: Vec<Package>,
    /// How reports name the place where the packages are listed; the path of the file if empty.
    pub package_db: String,
    /// Where the packages come from, if the file tells or can only list such.
    pub repositories: Vec<Repository>,
    /// What it tells of where the packages of other files come from.
    pub provenance: Option<Provenance>,
    /// Which files the packages own.
    pub ownership: Vec<Ownership>,
    /// The text of a file that tells the distribution.
    pub release: Option<String>,
    /// Other files that do not count if this one exists.
    pub supersedes: Vec<String>,
    /// Parts that could not be understood, for people.
    pub problems: Vec<String>,
}

/// A file of which nothing could be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct AnalyzeError(String);

impl AnalyzeError {
    /// An error with its reason, which is put after the name of the file.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}
