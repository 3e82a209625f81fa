//! What can go wrong.
//!
//! [`Error`] ends the service. A [`Failure`] ends one attempt to make notifications of an update,
//! which is repeated.

use std::time::Duration;

use clair_rpc::{ChannelError, ServeError};
use thiserror::Error;

/// Why the notifier does not run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The address to listen on.
    #[error(transparent)]
    Listen(#[from] clair_runtime::config::ListenError),
    /// The database cannot be used, and waiting does not change that.
    #[error("database of the notifier")]
    Database(#[from] clair_store::Error),
    /// The way to the matcher.
    #[error("the matcher cannot be called")]
    Matcher(#[source] ChannelError),
    /// The certificates of the webhook.
    #[error("TLS of the webhook")]
    Tls(#[from] clair_runtime::tls::TlsError),
    /// The key that requests to the receiver are signed with.
    #[error("signatures of the webhook")]
    Signing(#[from] clair_jwt::Error),
    /// The client of the webhook cannot be made.
    #[error("HTTP client of the webhook")]
    Client(#[source] reqwest::Error),
    /// The gRPC server.
    #[error("gRPC server of the notifier")]
    Server(#[from] ServeError),
}

/// Why no notifications were made of an update.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The database.
    #[error("the database failed")]
    Store(#[from] clair_store::Error),
    /// The matcher did not say what the update changed.
    #[error("the matcher failed")]
    Matcher(#[from] clair_rpc::Error),
    /// The matcher said something that makes no sense.
    #[error("the answer of the matcher makes no sense: {0}")]
    Answer(String),
    /// The matcher said nothing.
    #[error("the matcher was silent for {0:?}")]
    Silence(Duration),
    /// Another replica may do the same now.
    #[error("the lock was lost, since the connection to the database broke")]
    LockLost,
}
