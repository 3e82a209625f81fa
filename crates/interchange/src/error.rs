//! What can be wrong with a file.

use std::io;

use thiserror::Error;

/// Why a file could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// It cannot be read, decompressed, or is too large.
    #[error("{location}, line {line}: cannot be read")]
    Read {
        /// The file.
        location: String,
        /// How far reading came.
        line: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error("{location}, line {line}: {what}")]
    Line {
        /// The file.
        location: String,
        /// The line, counted from one.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// It has nothing in it.
    #[error("{location} has no updates in it")]
    Empty {
        /// The file.
        location: String,
    },
    /// What was read could not be stored.
    #[error(transparent)]
    Database(#[from] clair_vulndb::Error),
}
