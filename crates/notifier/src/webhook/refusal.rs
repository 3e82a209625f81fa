//! Why a set was not accepted.

use std::error::Error as _;
use std::time::Duration;

use http::StatusCode;
use thiserror::Error;

/// Why a set was not accepted.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    /// The message could not be written.
    #[error("message")]
    Message(#[source] serde_json::Error),
    /// The request could not be signed.
    #[error("the request cannot be signed")]
    Signature(#[source] clair_jwt::Error),
    /// The signature cannot be sent.
    #[error("the signature cannot be sent")]
    Header(#[source] http::header::InvalidHeaderValue),
    /// The receiver was not reached, or the connection broke.
    #[error("{address} cannot be reached")]
    Transport {
        address: String,
        #[source]
        source: reqwest::Error,
    },
    /// The receiver took too long.
    #[error("{address} did not answer within {timeout:?}")]
    Timeout { address: String, timeout: Duration },
    /// The receiver answered something else than that it has accepted.
    #[error("{address} answers {status}: {body}")]
    Status {
        address: String,
        status: StatusCode,
        body: String,
    },
    /// The receiver sends one on to where one must not go.
    #[error("{address} answers with a redirect that is not followed: {reason}")]
    Redirect { address: String, reason: String },
}

impl Refusal {
    /// What went wrong and why, in one line.
    pub(crate) fn chain(&self) -> String {
        let mut line = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            line = format!("{line}: {cause}");
            source = cause.source();
        }
        line
    }
}
