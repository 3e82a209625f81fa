//! Whether the notifier can do its work.

use std::sync::Arc;
use std::time::Duration;

use clair_bus::Bus;
use clair_runtime::{Check, Health};
use clair_store::Store;
use tokio_util::sync::CancellationToken;

/// So often it is looked.
const INTERVAL: Duration = Duration::from_secs(2);

/// What the health of the process depends on.
#[derive(Debug)]
pub(crate) struct Checks {
    database: Check,
    events: Option<Check>,
    /// Whether updates lead to notifications.
    pub(crate) updates: Check,
    /// Whether the receiver accepts them.
    pub(crate) delivery: Check,
}

impl Checks {
    pub(crate) fn new(health: &Health, has_events: bool) -> Self {
        let checks = Self {
            database: health.check("notifier-database"),
            events: has_events.then(|| health.check("notifier-events")),
            updates: health.check("notifier-updates"),
            delivery: health.check("notifier-delivery"),
        };
        // Until something else is known.
        checks.updates.ok();
        checks.delivery.ok();
        checks
    }
}

/// Looks at the database and the events until `stop`. Without the database, callers are told to go
/// to another replica; without the events, updates are found by polling.
pub(crate) async fn look_after(
    store: Store,
    bus: Option<Bus>,
    checks: Arc<Checks>,
    served: clair_rpc::Health,
    stop: CancellationToken,
) {
    let looking = async {
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
            if let (Some(bus), Some(check)) = (&bus, &checks.events) {
                look_at_events(bus, check);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    stop.run_until_cancelled(looking).await;
}

fn look_at_events(bus: &Bus, check: &Check) {
    let health = bus.health();
    if health.is_healthy() {
        check.ok();
    } else {
        check.degraded(health.problem.as_deref().unwrap_or("NATS is not connected"));
    }
}
