//! What can go wrong between a client and a server.

use std::fmt;

use clair_model::Digest;
use serde::Deserialize;
use thiserror::Error;

/// Why there is no answer, or not the one that was asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is not one of a server.
    #[error("{0:?} is not the address of a server: expected one like https://clair.example/")]
    Address(String),
    /// No client could be made.
    #[error("no HTTP client can be made")]
    Setup(#[source] reqwest::Error),
    /// The request could not be signed.
    #[error("{request} could not be signed")]
    Sign {
        /// Method and path.
        request: String,
        /// Why.
        source: clair_jwt::Error,
    },
    /// The server does not answer, or stops in the middle.
    #[error("no answer to {request} from {server}")]
    NoAnswer {
        /// Method and path.
        request: String,
        /// Scheme, host and port.
        server: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The server refuses.
    #[error("the server answers {request} with status {status}{error}")]
    Refused {
        /// Method and path.
        request: String,
        /// The status.
        status: u16,
        /// What it says.
        error: ServerError,
    },
    /// The answer is longer than anything that is expected.
    #[error("the answer to {request} has more than {max} bytes")]
    TooLong {
        /// Method and path.
        request: String,
        /// What is accepted.
        max: usize,
    },
    /// The answer is not what the API says.
    #[error("the answer to {request} is not what Clair answers")]
    Answer {
        /// Method and path.
        request: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The server could not index the image.
    #[error("the server could not index {manifest}: {reason}")]
    NotIndexed {
        /// The image.
        manifest: Digest,
        /// Why, in the server's words.
        reason: String,
    },
    /// The server broke off something that it was telling.
    #[error("the server broke off {request}{error}")]
    BrokenOff {
        /// Method and path.
        request: String,
        /// What it said.
        error: ServerError,
    },
}

impl Error {
    /// The status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

/// An error in the words of the server. Printed with a colon before it, or as nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServerError {
    /// The name of its kind.
    pub code: String,
    /// What it is.
    pub message: String,
}

impl ServerError {
    /// What the body of a refusal says. Proxies before a server answer with anything.
    pub(crate) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            return Ok(());
        }
        f.write_str(": ")?;
        // It comes from elsewhere and ends on a terminal.
        for character in self.message.chars() {
            write!(
                f,
                "{}",
                if character.is_control() {
                    ' '
                } else {
                    character
                }
            )?;
        }
        Ok(())
    }
}
