//! What can go wrong with the service, and with the update of a source.

use std::fmt;
use std::io;

use clair_feeds::FeedError;
use clair_rpc::{ErrorCode, ServiceError};
use thiserror::Error;

use crate::InvalidConfig;

/// Why the updater does not run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration.
    #[error("configuration of the updater")]
    Config(#[from] InvalidConfig),
    /// The address to listen on.
    #[error(transparent)]
    Listen(#[from] clair_runtime::config::ListenError),
    /// What fetches documents could not be set up.
    #[error("cannot set up fetching")]
    Fetcher(#[source] FeedError),
    /// The database.
    #[error("database of the updater")]
    Store(#[from] clair_store::Error),
    /// The server.
    #[error("server of the updater")]
    Serve(#[from] clair_rpc::ServeError),
    /// What was to be imported.
    #[error("{0}")]
    Import(String),
    /// The schema of the database is not as this program needs it.
    #[error("the database is not set up for this version: run `clair migrate`")]
    NotMigrated,
    /// A task of ours has panicked.
    #[error("a task of the updater has failed")]
    Task(#[from] tokio::task::JoinError),
}

/// Why the update of a source, an export or an import failed. Nothing was changed then.
#[derive(Debug, Error)]
pub(crate) enum UpdateError {
    /// Fetching or parsing.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The database.
    #[error(transparent)]
    Store(#[from] clair_store::Error),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] clair_vulndb::Error),
    /// The file of Clair's format.
    #[error(transparent)]
    Interchange(#[from] clair_interchange::Error),
    /// The file has no mark of its end.
    #[error("without compression, a file of Clair's format has no end: send it as gzip or zstd")]
    NoEnd,
    /// The archive has a source that cannot be one.
    #[error("the archive has a source {name:?} of feed {feed:?}, which is not named by its feed")]
    ForeignSource { name: String, feed: String },
    /// The archive has a source whose records are not what its feed has.
    #[error("the archive has source {name:?} with {found} records, which is none of its feed's")]
    OtherKind {
        name: String,
        found: clair_store::SourceKind,
    },
    /// Where archives are packed.
    #[error("cannot use the directory for archives")]
    Spool(#[source] io::Error),
    /// The database broke the session of the lock.
    #[error("the lock of the source was lost, since the connection to the database broke")]
    LockLost,
    /// The feed has no such source, any more.
    #[error("feed {feed} has no source {name:?}")]
    UnknownSource { feed: String, name: String },
    /// The source claims to be what it never was.
    #[error("the source says it did not change since it was last read, but it never was")]
    UnchangedSinceNever,
    /// The fingerprint could not be written down.
    #[error("cannot encode the fingerprint")]
    Fingerprint(#[source] serde_json::Error),
    /// A fault of ours.
    #[error("the task that reads the source has failed")]
    Task(#[from] tokio::task::JoinError),
}

impl UpdateError {
    /// The error and what caused it, in one line.
    pub(crate) fn chain(&self) -> String {
        Chain(self).to_string()
    }

    /// The error as callers see it.
    pub(crate) fn public(&self) -> clair_rpc::Error {
        clair_rpc::Error::of(self)
    }
}

impl ServiceError for UpdateError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Feed(
                FeedError::Unreachable { .. } | FeedError::Status { .. } | FeedError::Read { .. },
            )
            | Self::LockLost => ErrorCode::Unavailable,
            Self::Feed(_) | Self::UnchangedSinceNever => ErrorCode::FailedPrecondition,
            Self::Store(clair_store::Error::SourceBusy { .. }) => ErrorCode::Aborted,
            Self::Store(error) if error.is_transient() => ErrorCode::Unavailable,
            Self::Archive(
                clair_vulndb::Error::Import { .. } | clair_vulndb::Error::Newer { .. },
            )
            | Self::Interchange(
                clair_interchange::Error::Read { .. }
                | clair_interchange::Error::Line { .. }
                | clair_interchange::Error::Empty { .. },
            )
            | Self::NoEnd
            | Self::ForeignSource { .. }
            | Self::OtherKind { .. } => ErrorCode::InvalidArgument,
            Self::UnknownSource { .. } => ErrorCode::NotFound,
            Self::Store(_)
            | Self::Archive(_)
            | Self::Interchange(_)
            | Self::Spool(_)
            | Self::Fingerprint(_)
            | Self::Task(_) => ErrorCode::Internal,
        }
    }
}

/// An error and what caused it, in one line.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
