//! What can go wrong with a feed.

use std::io;

use thiserror::Error;

use crate::document::LimitReached;

/// Why a feed could not be read.
///
/// `location` is where a document was looked for, without credentials; `name` is that of the
/// source.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FeedError {
    /// There is no such document.
    #[error("{location} does not exist")]
    NotFound {
        /// Where.
        location: String,
    },
    /// The server refused.
    #[error("{location} was answered with status {status}")]
    Status {
        /// Where.
        location: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server was not reached, or broke off before its answer began.
    #[error("cannot fetch {location}")]
    Unreachable {
        /// Where.
        location: String,
        /// What the connection came to.
        source: reqwest::Error,
    },
    /// The network may not be used.
    #[error("{location} is on the network, and this run is offline")]
    Offline {
        /// Where.
        location: String,
    },
    /// The document could be opened but not read to its end, or not decompressed.
    #[error("cannot read {location}")]
    Read {
        /// Where.
        location: String,
        /// What reading came to.
        source: io::Error,
    },
    /// A limit was passed.
    #[error("{location} ({name}) is over a limit")]
    Limit {
        /// The source.
        name: String,
        /// Where.
        location: String,
        /// Which.
        source: LimitReached,
    },
    /// The document is not of the form that the feed has.
    #[error("{location} is not a document of {name}: {reason}")]
    Malformed {
        /// The source, or the feed.
        name: String,
        /// Where.
        location: String,
        /// What is wrong with it, and at which position.
        reason: String,
    },
    /// The sink did not take an advisory.
    #[error("cannot store what {name} says")]
    Sink {
        /// The source.
        name: String,
        /// What the sink said.
        source: io::Error,
    },
    /// The HTTP client could not be set up.
    #[error("cannot set up the HTTP client")]
    Client(#[source] reqwest::Error),
}

impl FeedError {
    /// What an error from reading a document means: a limit of ours, or trouble with its bytes.
    pub(crate) fn from_read(name: &str, location: &str, error: io::Error) -> Self {
        match LimitReached::of(&error) {
            Some(source) => Self::Limit {
                name: name.to_owned(),
                location: location.to_owned(),
                source,
            },
            None => Self::Read {
                location: location.to_owned(),
                source: error,
            },
        }
    }

    pub(crate) fn malformed(name: &str, location: &str, reason: impl Into<String>) -> Self {
        Self::Malformed {
            name: name.to_owned(),
            location: location.to_owned(),
            reason: reason.into(),
        }
    }
}
