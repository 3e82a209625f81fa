//! Whom the indexer tells of what it indexed.

use std::fmt;

use clair_model::Digest;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};

/// Why an event could not be published.
pub type PublishError = Box<dyn std::error::Error + Send + Sync>;

/// Indexing of a manifest has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexFinished {
    /// The manifest.
    pub manifest: Digest,
    /// The state of the indexer.
    pub indexer_state: String,
    /// Whether there is a report now. If not, the image was the reason.
    pub success: bool,
}

/// Takes the events of the indexer.
///
/// An event that is lost does no lasting harm: the database has what it told of. So a failure is
/// logged, and the manifest is indexed all the same.
pub trait Events: fmt::Debug + Send + Sync {
    /// A manifest was indexed, or could not be. One that had been before is not told again.
    fn index_finished<'a>(
        &'a self,
        event: &'a IndexFinished,
    ) -> BoxFuture<'a, Result<(), PublishError>>;
}

/// Tells nobody: for a process without NATS.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoEvents;

impl Events for NoEvents {
    fn index_finished<'a>(
        &'a self,
        _: &'a IndexFinished,
    ) -> BoxFuture<'a, Result<(), PublishError>> {
        ready(Ok(())).boxed()
    }
}
