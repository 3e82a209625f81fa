//! Whom the updater tells of what it stored.

use std::fmt;

use clair_store::Operation;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};

/// Why an event could not be published.
pub type PublishError = Box<dyn std::error::Error + Send + Sync>;

/// Takes the events of the updater.
///
/// An event that is lost does no lasting harm: the database has what it told of. So a failure is
/// logged and counted, and the update is done all the same.
pub trait Events: fmt::Debug + Send + Sync {
    /// An update operation was committed.
    fn update_applied<'a>(
        &'a self,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<(), PublishError>>;
}

/// Tells nobody: for a process without NATS, where the others look into the database by
/// themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoEvents;

impl Events for NoEvents {
    fn update_applied<'a>(&'a self, _: &'a Operation) -> BoxFuture<'a, Result<(), PublishError>> {
        ready(Ok(())).boxed()
    }
}
