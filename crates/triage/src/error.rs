//! What can be wrong with what people write.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::Format;

/// Why a document or a file with rules cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is larger than any in honest use.
    #[error("{file} has more than {limit} bytes")]
    TooLarge {
        /// The file.
        file: String,
        /// How many bytes one may have.
        limit: u64,
    },
    /// It is in none of the formats of VEX.
    #[error("{file} is no VEX document: {reason}")]
    NotVex {
        /// The file.
        file: String,
        /// What it is or has, as far as that can be told.
        reason: String,
    },
    /// A VEX document says what cannot be understood.
    #[error("{file}: {format}: {field}: {reason}")]
    Vex {
        /// The file.
        file: String,
        /// The format that the document says to be in.
        format: Format,
        /// The field, as a path: `statements[2].status`.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file with rules says what cannot be understood.
    #[error("{file}:{line}: {reason}")]
    Rule {
        /// The file.
        file: String,
        /// The line, from one on.
        line: u64,
        /// What is wrong there.
        reason: String,
    },
}
