//! Whether the indexer can do its work.

use std::time::Duration;

use clair_bus::Bus;
use clair_runtime::{Check, Health};
use clair_store::Store;

/// So often it is looked.
const INTERVAL: Duration = Duration::from_secs(2);

/// What the health of the process depends on.
#[derive(Debug)]
pub(crate) struct Checks {
    database: Check,
    queue: Option<Check>,
}

impl Checks {
    pub(crate) fn new(health: &Health, has_queue: bool) -> Self {
        Self {
            database: health.check("indexer-database"),
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
        let problem = match store.health().await {
            Ok(health) if health.migrated => None,
            Ok(_) => Some("the schema is not up to date".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        served.set_serving(problem.is_none()).await;
        match problem {
            None => checks.database.ok(),
            Some(problem) => checks.database.failed(problem),
        }
        if let (Some(bus), Some(check)) = (&bus, &checks.queue) {
            look_at_queue(bus, check);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

fn look_at_queue(bus: &Bus, check: &Check) {
    let health = bus.health();
    if health.is_healthy() {
        check.ok();
    } else {
        check.degraded(health.problem.as_deref().unwrap_or("NATS is not connected"));
    }
}
