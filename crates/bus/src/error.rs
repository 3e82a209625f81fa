//! Why the bus could not do something.

use thiserror::Error;

/// Why the bus could not do something.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The server is away. What was to be published was not.
    #[error("NATS is not connected")]
    Disconnected,
    /// The server did not answer in time. It may have done what it was asked, or not.
    #[error("NATS did not answer in time to {0}")]
    Timeout(&'static str),
    /// The server, or the client on its behalf, refused.
    #[error("NATS: {action}")]
    Refused {
        /// What was to be done.
        action: &'static str,
        /// Why it was refused.
        #[source]
        source: async_nats::Error,
    },
    /// The payload is larger than the server takes.
    #[error("payload of {size} bytes, where the server takes {max}")]
    TooLarge {
        /// Size in bytes.
        size: usize,
        /// The server's limit in bytes.
        max: usize,
    },
    /// The payload has no JSON form.
    #[error("payload")]
    Payload(#[from] PayloadError),
    /// The key of work cannot be a part of a subject.
    #[error("{0:?} cannot be the key of work: it is empty, or has a space, a dot, `*` or `>`")]
    InvalidKey(String),
    /// The options make no connection.
    #[error("NATS options: {option}")]
    Options {
        /// Which of them.
        option: &'static str,
        /// What is wrong with it.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Whether trying again later may help.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Disconnected | Self::Timeout(_) | Self::Refused { .. }
        )
    }

    pub(crate) fn refused(action: &'static str, source: impl Into<async_nats::Error>) -> Self {
        Self::Refused {
            action,
            source: source.into(),
        }
    }
}

/// Why a payload could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// It is not the JSON that it should be.
    #[error("payload is not what it should be")]
    Malformed(#[from] serde_json::Error),
    /// It was written by a newer program.
    #[error("payload has version {found}, where this program knows {known}")]
    TooNew {
        /// Its version.
        found: u32,
        /// The newest version that this program reads.
        known: u32,
    },
}
