//! Collecting sets that were acknowledged, and those whose delivery was over long ago.

use std::time::Duration;

use clair_store::{LockName, Store};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::metrics;

/// As often as Clair.
const INTERVAL: Duration = Duration::from_hours(1);

/// Collects garbage from time to time, until `stop`.
pub(crate) async fn collect(store: Store, retention: SignedDuration, stop: CancellationToken) {
    let collecting = async {
        loop {
            match collect_once(&store, retention).await {
                Ok(0) => {}
                Ok(sets) => tracing::info!(sets, "notifications were collected"),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "cannot collect notifications");
                }
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    stop.run_until_cancelled(collecting).await;
}

async fn collect_once(store: &Store, retention: SignedDuration) -> Result<u64, clair_store::Error> {
    let name = LockName::Duty("collection of notifications");
    let Some(_lock) = store.try_lock(name).await? else {
        return Ok(0);
    };
    let collecting = store.collect_notifications(retention);
    let sets = metrics::query(metrics::COLLECT_NOTIFICATION, collecting).await?;
    metrics::collected(sets);
    Ok(sets)
}
