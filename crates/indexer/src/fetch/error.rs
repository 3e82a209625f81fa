//! Why a layer could not be fetched.

use std::time::Duration;

use clair_runtime::egress::EgressError;
use http::StatusCode;
use thiserror::Error;

/// Why a layer could not be fetched. Addresses are shown without what may be a credential.
#[derive(Debug, Error)]
pub(crate) enum FetchError {
    /// The address is none that layers can have.
    #[error("{address:?} is no absolute http or https address")]
    Address { address: String },
    /// A header cannot be sent.
    #[error("header {name:?} cannot be sent")]
    Header { name: String },
    /// The policy forbids to go there.
    #[error("{address} is refused")]
    Refused {
        address: String,
        #[source]
        source: EgressError,
    },
    /// No answer, or none to the end.
    #[error("{address}")]
    Transport {
        address: String,
        #[source]
        source: reqwest::Error,
    },
    /// The server stopped to send.
    #[error("{address}: nothing came for {silence:?}")]
    Silence { address: String, silence: Duration },
    /// The server answered something else than the layer.
    #[error("{address}: unexpected status {status}: {body:?}")]
    Status {
        address: String,
        status: StatusCode,
        body: String,
    },
    /// The redirects do not end, or one leads nowhere.
    #[error("{address}: {reason}")]
    Redirect {
        address: String,
        reason: &'static str,
    },
    /// Nobody waits for the layer any more.
    #[error("cancelled")]
    Cancelled,
}

impl FetchError {
    /// Whether the same request may succeed a moment later.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Transport { source, .. } => source.is_connect() || source.is_request(),
            Self::Status { status, .. } => matches!(status.as_u16(), 429 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// Whether a transfer that ended so may be taken up again.
    pub(super) fn is_interruption(&self) -> bool {
        matches!(self, Self::Transport { .. } | Self::Silence { .. })
    }
}
