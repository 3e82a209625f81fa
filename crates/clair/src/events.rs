//! Tells the other services of updates, over NATS.

use clair_bus::{Bus, UpdateApplied};
use clair_store::Operation;
use clair_updater::{Events, PublishError};
use futures::FutureExt as _;
use futures::future::BoxFuture;

/// Publishes each update operation as an event.
#[derive(Debug)]
pub(crate) struct BusEvents(pub(crate) Bus);

impl Events for BusEvents {
    fn update_applied<'a>(
        &'a self,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<(), PublishError>> {
        let event = UpdateApplied {
            source: operation.source.clone(),
            operation: operation.reference,
            added: operation.added,
            removed: operation.removed,
        };
        async move { Ok(self.0.publish(&event).await?) }.boxed()
    }
}
