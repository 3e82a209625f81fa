//! Whether the indexer can do its work.

use clair_bus::Bus;
use clair_runtime::{Check, Health};
use clair_service::{INTERVAL, look_at_bus, look_at_database};
use clair_store::Store;

const DATABASE: &str = "indexer-database";

/// Holds the process for not ready until the indexer has looked at what it needs.
pub(crate) fn expect(health: &Health) {
    health.check(DATABASE);
}

/// What the health of the process depends on.
#[derive(Debug)]
pub(crate) struct Checks {
    database: Check,
    queue: Option<Check>,
}

impl Checks {
    pub(crate) fn new(health: &Health, has_queue: bool) -> Self {
        Self {
            database: health.check(DATABASE),
            queue: has_queue.then(|| health.check("indexer-queue")),
        }
    }
}

/// Looks at the database and the queue for as long as it is let. Without the database, callers are
/// told to go to another replica; without the queue, images are indexed while one waits.
pub(crate) async fn look_after(
    store: Store,
    bus: Option<Bus>,
    checks: Checks,
    served: clair_rpc::Health,
) {
    loop {
        look_at_database(&store, &checks.database, &served).await;
        if let (Some(bus), Some(check)) = (&bus, &checks.queue) {
            look_at_bus(bus, check);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
