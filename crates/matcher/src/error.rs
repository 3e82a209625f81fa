//! Why the matcher does not run.

use std::io;

use thiserror::Error;

/// Why the matcher does not run. What goes wrong later is told to those who ask, and mended.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] clair_runtime::config::ListenError),
    /// The directory of the local copy cannot be used.
    #[error("the local copy of the advisories cannot be used")]
    Copy(#[source] clair_vulndb::Error),
    /// The directory for temporary databases cannot be used.
    #[error("cannot use the directory for temporary databases")]
    Scratch(#[source] io::Error),
    /// The way to the indexer.
    #[error("the indexer cannot be called")]
    Indexer(#[source] clair_rpc::ChannelError),
    /// The address of the database is none, or the server too old: nothing that time mends.
    #[error("the database cannot be used")]
    Database(#[source] clair_store::Error),
    /// Serving failed.
    #[error("cannot serve")]
    Serve(#[source] clair_rpc::ServeError),
}
