//! What may be wrong with a configuration, said so that its writer finds the place.

use std::path::PathBuf;
use std::{fmt, io};

use thiserror::Error;

use super::origin::{KeyPath, Origin};

/// One thing that is wrong, or that deserves attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where the value was written, or for a value that is missing, what it is missing from.
    pub origin: Option<Origin>,
    /// The key that it is about; empty for the whole document.
    pub path: KeyPath,
    /// What is the matter. Contains no secrets.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if !self.path.steps().is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// All that is wrong, printed one below the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

/// Why there is no configuration.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file or directory cannot be read.
    #[error("{}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file has a name that does not say what it is.
    #[error("{}: a configuration must be called *.yaml or *.json", path.display())]
    Extension {
        /// The file.
        path: PathBuf,
    },
    /// A file, or the value of an environment variable, is no YAML or JSON.
    #[error("{origin}: {message}")]
    Syntax {
        /// Where reading it ended.
        origin: Origin,
        /// What was found there.
        message: String,
    },
    /// A patch cannot be applied.
    #[error("{origin}: {message}")]
    Patch {
        /// The operation.
        origin: Origin,
        /// Why not.
        message: String,
    },
    /// There are unknown keys, or values of the wrong type.
    #[error("{0}")]
    Decode(Problems),
    /// The values do not fit together, or some are missing.
    #[error("{0}")]
    Invalid(Problems),
}

impl ConfigError {
    /// The exit status that says so, as in Clair: 1 for a configuration that can be read but does
    /// not do for the mode, 2 for one that cannot be read.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Invalid(_) => 1,
            _ => 2,
        }
    }

    /// What is wrong, one by one, where several things may be.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Decode(problems) | Self::Invalid(problems) => &problems.0,
            _ => &[],
        }
    }
}
