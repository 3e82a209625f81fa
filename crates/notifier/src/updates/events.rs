//! Events that tell of updates.

use std::sync::Arc;

use clair_bus::{Bus, ConsumeOptions, Delivery, UpdateApplied};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Which service receives.
const SERVICE: &str = "notifier";

/// Passes events on, each to one replica, until `stop`.
///
/// An event says no more than that there is something in the database. So it is dealt with as soon
/// as it has been passed on: whoever looks there and fails looks again, and others poll.
pub(crate) async fn listen(bus: Bus, hint: Arc<Notify>, stop: CancellationToken) {
    let handler = move |delivery: Delivery<UpdateApplied>| {
        let hint = Arc::clone(&hint);
        async move {
            let UpdateApplied {
                source, operation, ..
            } = delivery.payload;
            tracing::debug!(source, %operation, "an update was applied");
            hint.notify_one();
            Ok(())
        }
    };
    let events = bus.subscribe::<UpdateApplied>(SERVICE);
    events
        .consume(ConsumeOptions::for_events(1), handler, stop)
        .await;
}
