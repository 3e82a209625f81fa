//! Whether the updater can do its work.

use clair_runtime::{Check, Health};
use clair_service::{INTERVAL, look_at_database};
use clair_store::Store;

/// The check that the health of the process has of the updater. From the first call on, the process
/// is not ready before the updater has looked at what it needs.
pub(crate) fn check(health: &Health) -> Check {
    health.check("updater-database")
}

/// Looks at the database, for ever.
pub(crate) async fn look_after(store: Store, check: Check, served: clair_rpc::Health) {
    loop {
        look_at_database(&store, &check, &served).await;
        tokio::time::sleep(INTERVAL).await;
    }
}
