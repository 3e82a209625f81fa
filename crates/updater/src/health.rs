//! Whether the updater can do its work.

use std::time::Duration;

use clair_runtime::{Check, Health};
use clair_store::Store;

/// So often it is looked.
const INTERVAL: Duration = Duration::from_secs(2);

/// The check that the health of the process has of the updater.
pub(crate) fn check(health: &Health) -> Check {
    health.check("updater-database")
}

/// Looks at the database, for ever.
pub(crate) async fn look_after(store: Store, check: Check, served: clair_rpc::Health) {
    loop {
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
        tokio::time::sleep(INTERVAL).await;
    }
}
