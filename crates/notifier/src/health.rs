//! Whether the notifier can do its work.

use std::sync::Arc;

use clair_bus::Bus;
use clair_runtime::{Check, Health};
use clair_service::{INTERVAL, look_at_bus, look_at_database};
use clair_store::Store;
use tokio_util::sync::CancellationToken;

const DATABASE: &str = "notifier-database";

/// Holds the process for not ready until the notifier has looked at what it needs.
pub(crate) fn expect(health: &Health) {
    health.check(DATABASE);
}

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
            database: health.check(DATABASE),
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
            look_at_database(&store, &checks.database, &served).await;
            if let (Some(bus), Some(check)) = (&bus, &checks.events) {
                look_at_bus(bus, check);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    stop.run_until_cancelled(looking).await;
}
