//! What can go wrong with a database.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why something could not be done with a database.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory holds no database yet.
    #[error("there is no advisory database in {}", dir.display())]
    NotFound {
        /// The directory.
        dir: PathBuf,
    },
    /// The operating system refused.
    #[error("{}: {action}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The manifest is not one.
    #[error("{}: the manifest is damaged: {what}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A segment does not hold what its header, its name or the manifest promise.
    #[error("{}: the segment is damaged: {what}", path.display())]
    Segment {
        /// The segment.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Something was written by a later version of this program.
    #[error(
        "{what} was made by a newer version: format {found}, this program reads up to {supported}"
    )]
    Newer {
        /// The file, or the stream.
        what: String,
        /// Its format.
        found: u32,
        /// The newest format that can be read.
        supported: u32,
    },
    /// Another update is under way.
    #[error("{}: another update of the database is running", dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// The database has no such source.
    #[error("the database has no source {name:?}")]
    UnknownSource {
        /// The name that was asked for.
        name: String,
    },
    /// A source states more than a segment can hold.
    #[error("source {source_name:?}: {what}")]
    TooLarge {
        /// The source.
        source_name: String,
        /// Which limit was met.
        what: &'static str,
    },
    /// What was to be imported is no export, or a damaged one. Nothing has been replaced.
    #[error("the export is damaged: {what}")]
    Import {
        /// What is wrong, and where.
        what: String,
    },
    /// An export could not be written out.
    #[error("cannot write the export: {0}")]
    Export(io::Error),
}

impl Error {
    /// Names the file and the deed of an error of the operating system.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            path,
            action,
            source,
        }
    }

    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
