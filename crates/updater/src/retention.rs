//! Collects what is left of old update operations: one replica does, once in a while.

use std::sync::Arc;
use std::time::Duration;

use clair_store::{LockName, Retention};

use crate::engine::Engine;
use crate::error::Chain;
use crate::metrics;

/// Collecting nothing costs next to nothing.
const PERIOD: Duration = Duration::from_hours(1);

const DUTY: LockName<'static> = LockName::Duty("collect update operations");

/// Collects, for ever.
pub(crate) async fn collect(engine: Arc<Engine>, retention: Retention) {
    loop {
        if let Err(error) = collect_once(&engine, retention).await {
            tracing::warn!(error = %Chain(&error), "old update operations not collected");
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn collect_once(engine: &Engine, retention: Retention) -> Result<(), clair_store::Error> {
    let Some(_lock) = engine.store.try_lock(DUTY).await? else {
        return Ok(());
    };
    let collected = engine.store.collect_operations(retention).await?;
    if collected > 0 {
        tracing::info!(collected, "old update operations collected");
        metrics::collected(collected);
    }
    Ok(())
}
