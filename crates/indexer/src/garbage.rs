//! Collects layers, findings and packages that no manifest needs: one replica does, once in a
//! while.

use std::time::Duration;

use clair_store::{LockName, Store};

use crate::metrics;

/// Collecting nothing reads two tables once.
const PERIOD: Duration = Duration::from_hours(1);

const DUTY: LockName<'static> = LockName::Duty("collect layers and packages");

/// Collects, for ever. Findings of other analyzers than those of this state are no longer needed.
pub(crate) async fn collect(store: Store, state: String) {
    loop {
        if let Err(error) = collect_once(&store, &state).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "unused layers and packages not collected");
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn collect_once(store: &Store, state: &str) -> Result<(), clair_store::Error> {
    let Some(_lock) = store.try_lock(DUTY).await? else {
        return Ok(());
    };
    let layers = store.collect_layers(state).await?;
    let packages = store.collect_packages().await?;
    metrics::collected(layers, packages);
    if layers + packages > 0 {
        tracing::info!(layers, packages, "unused layers and packages collected");
    }
    Ok(())
}
