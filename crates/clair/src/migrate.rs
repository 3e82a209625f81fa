//! Brings databases up to date.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use clair_runtime::{Config, Mode, Service, Shutdown, telemetry::Telemetry};
use clair_store::Store;

/// How long a database server that is being started may take.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_secs(1);

/// Migrates every database that the configuration names, each once.
pub(crate) async fn run(config: &Config) -> anyhow::Result<()> {
    let telemetry = Telemetry::start(config, Mode::Migrate, &Shutdown::new(Duration::ZERO))?;
    let addresses: BTreeSet<String> = Service::ALL
        .into_iter()
        .map(|service| config.connstring(service))
        .map(|address| address.map_or_else(String::new, |address| address.url().to_string()))
        .collect();
    for address in &addresses {
        let migrating = tokio::time::timeout(PATIENCE, migrate(address));
        migrating
            .await
            .with_context(|| format!("the database did not answer within {PATIENCE:?}"))??;
    }
    tracing::info!(databases = addresses.len(), "schema up to date");
    telemetry.end().await;
    Ok(())
}

async fn migrate(address: &str) -> Result<(), clair_store::Error> {
    let options = clair_store::Options {
        max_connections: 1,
        application_name: "clair-migrate".to_owned(),
        ..clair_store::Options::default()
    };
    let store = loop {
        match Store::connect(address, &options).await {
            Err(error) if error.is_transient() => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the database is waited for");
                tokio::time::sleep(PAUSE).await;
            }
            result => break result?,
        }
    };
    store.migrate().await?;
    store.close().await;
    Ok(())
}
