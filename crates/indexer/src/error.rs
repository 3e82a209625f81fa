//! What can go wrong.
//!
//! [`Error`] ends the service. A [`Failure`] ends one attempt to index a manifest; all who wait for
//! the attempt get it.

use std::sync::Arc;

use clair_model::Digest;
use clair_rpc::{ErrorCode, ServeError, ServiceError};
use thiserror::Error;

use crate::fetch::FetchError;

/// Why the indexer does not run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The database cannot be used, and waiting does not change that.
    #[error("database of the indexer")]
    Database(#[from] clair_store::Error),
    /// The client for layers cannot be made.
    #[error("HTTP client for layers")]
    Client(#[source] reqwest::Error),
    /// The address to listen on.
    #[error(transparent)]
    Listen(#[from] clair_runtime::config::ListenError),
    /// The gRPC server.
    #[error("gRPC server of the indexer")]
    Server(#[from] ServeError),
}

/// Why a manifest was not indexed.
#[derive(Debug, Clone, Error)]
pub(crate) enum Failure {
    /// A layer could not be fetched.
    #[error("layer {layer} cannot be fetched")]
    Unavailable {
        layer: Digest,
        #[source]
        source: Arc<FetchError>,
    },
    /// A layer is not what it should be.
    #[error("bad layer")]
    BadLayer {
        layer: Digest,
        #[source]
        source: Arc<clair_image::Error>,
    },
    /// The database failed.
    #[error("index of manifests")]
    Store(#[source] Arc<clair_store::Error>),
    /// The manifest was deleted meanwhile.
    #[error("manifest {0} was deleted while it was indexed")]
    Deleted(Digest),
    /// Nobody waits any more, or the program ends.
    #[error("indexing was cancelled")]
    Cancelled,
    /// A fault of the program.
    #[error("{0}")]
    Fault(Arc<str>),
}

impl Failure {
    /// The layer that was the reason.
    pub(crate) fn layer(&self) -> Option<&Digest> {
        match self {
            Self::Unavailable { layer, .. } | Self::BadLayer { layer, .. } => Some(layer),
            Self::Store(_) | Self::Deleted(_) | Self::Cancelled | Self::Fault(_) => None,
        }
    }

    /// Whether it is the image that failed, which is an outcome, and not the indexer.
    pub(crate) fn is_of_image(&self) -> bool {
        self.layer().is_some()
    }
}

impl From<clair_store::Error> for Failure {
    fn from(error: clair_store::Error) -> Self {
        match error {
            clair_store::Error::NoManifest { digest } => Self::Deleted(digest),
            error => Self::Store(Arc::new(error)),
        }
    }
}

impl ServiceError for Failure {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unavailable { .. } => ErrorCode::LayerUnavailable,
            Self::BadLayer { .. } => ErrorCode::BadLayer,
            Self::Store(error) if error.is_transient() => ErrorCode::Unavailable,
            Self::Deleted(_) => ErrorCode::Aborted,
            Self::Cancelled => ErrorCode::Unavailable,
            Self::Store(_) | Self::Fault(_) => ErrorCode::Internal,
        }
    }
}
