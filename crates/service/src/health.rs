//! Whether the database and the bus are as a service needs them.

use std::time::Duration;

use clair_bus::Bus;
use clair_runtime::Check;
use clair_store::Store;

/// So often it is looked.
pub const INTERVAL: Duration = Duration::from_secs(2);

/// Looks at the database once. Without it the service cannot do its work, so that callers are told
/// to go to another replica.
pub async fn look_at_database(store: &Store, check: &Check, served: &clair_rpc::Health) {
    let problem = match store.health().await {
        Ok(health) if health.migrated => None,
        Ok(_) => Some("the schema is not up to date".to_owned()),
        Err(error) => Some(error.to_string()),
    };
    served.set_serving(problem.is_none()).await;
    match problem {
        None => check.ok(),
        Some(problem) => check.failed(problem),
    }
}

/// Looks at the bus once. Without it the service does its work more slowly: nothing comes through
/// the queue, and changes are found by polling.
pub fn look_at_bus(bus: &Bus, check: &Check) {
    let health = bus.health();
    if health.is_healthy() {
        check.ok();
    } else {
        check.degraded(health.problem.as_deref().unwrap_or("NATS is not connected"));
    }
}
