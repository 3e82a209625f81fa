//! What one layer has, whatever lies below or above it.

use clair_inventory::{Findings, PathHash};
use clair_model::Digest;
use serde::{Deserialize, Serialize};

/// What one layer has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFindings {
    /// What the analyzers found, by file.
    pub files: Vec<FileFindings>,
    /// Symbolic links.
    pub links: Vec<Link>,
    /// Everything but directories: what it covers in the layers below is gone. Sorted.
    pub entries: Vec<PathHash>,
    /// Directories, which cover only a file of the same name. Sorted.
    pub directories: Vec<PathHash>,
    /// Paths that this layer removes. Sorted.
    pub whiteouts: Vec<String>,
    /// Directories whose content in the layers below this layer removes. Sorted.
    pub opaque: Vec<String>,
    /// What was passed over.
    pub problems: Vec<LayerProblem>,
}

/// What an analyzer found in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFindings {
    /// Path of the file in the layer.
    pub path: String,
    /// Name of the analyzer.
    pub analyzer: String,
    /// What it found.
    pub findings: Findings,
}

/// A symbolic link of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Path of the link.
    pub path: String,
    /// Target as stored.
    pub target: String,
    /// Whether an analyzer wants the file it points to.
    pub followed: bool,
}

/// A file of a layer that could not be read or understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerProblem {
    /// The file.
    pub path: String,
    /// What was wrong with it.
    pub message: String,
    /// Whether a limit was the reason.
    pub limit: bool,
}

/// A layer with its digest, in the order of the image.
pub(crate) type Stacked<'a> = (&'a Digest, &'a LayerFindings);
