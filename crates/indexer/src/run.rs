//! Running the service.

use std::sync::Arc;
use std::time::Duration;

use clair_inventory::Analyzer;
use clair_rpc::proto::indexer::v1::indexer_server::IndexerServer;
use clair_rpc::{Health, Server};
use clair_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::fetch::Client;
use crate::indexer::Indexer;
use crate::layers::Layers;
use crate::service::Service;
use crate::{Config, Database, Error};

/// So often a database that cannot be reached is tried again, and one that can is looked after.
const INTERVAL: Duration = Duration::from_secs(2);

/// Runs the indexer until `shutdown` is cancelled. Calls that are being served then have the grace
/// of the server's options.
///
/// # Errors
///
/// When it cannot begin, or its server breaks. That the database is not there is no error, before
/// the beginning or later.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), Error> {
    let listener = config.listen.bind().await.map_err(|source| Error::Listen {
        address: config.listen.to_string(),
        source,
    })?;
    serve(listener, config, shutdown).await
}

/// The same on a socket that listens already.
///
/// # Errors
///
/// Those of [`run`].
pub async fn serve(
    listener: TcpListener,
    config: Config,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let connecting = shutdown.run_until_cancelled(connect(config.database));
    let Some(store) = connecting.await.transpose()? else {
        return Ok(());
    };
    let limits = &config.limits;
    let client = Client::new(config.egress, limits.silence).map_err(Error::Client)?;
    let analyzers: Arc<[Box<dyn Analyzer>]> = clair_inventory::all().into();
    let state = clair_index::fingerprint(&analyzers, &limits.layer);
    tracing::info!(state, "indexer begins");
    let ids = analyzers.iter().map(|analyzer| analyzer.id()).collect();
    let layers = Layers::new(store.clone(), client, analyzers, limits, &state);
    let indexer = Indexer::new(store.clone(), layers, &state, config.events);
    let service = Service::new(Arc::new(indexer), ids, limits);

    let server = Server::new(config.server).with_service(IndexerServer::new(service));
    let looking = tokio::spawn(look_after(store.clone(), server.health(), shutdown.clone()));
    let result = server.serve(listener, shutdown.cancelled_owned()).await;
    looking.abort();
    store.close().await;
    Ok(result?)
}

/// Waits for the database. The arguments are its own, so that the future can be sent to wherever
/// the service runs.
async fn connect(database: Database) -> Result<Store, clair_store::Error> {
    loop {
        let error = match begin(database.clone()).await {
            Err(error) if error.is_transient() => error,
            result => return result,
        };
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the database is waited for"
        );
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn begin(database: Database) -> Result<Store, clair_store::Error> {
    let store = Store::connect(&database.address, &database.options).await?;
    if database.migrate {
        store.migrate().await?;
    }
    Ok(store)
}

/// Tells callers to go to another replica while this one cannot reach the database.
async fn look_after(store: Store, health: Health, shutdown: CancellationToken) {
    let mut was_usable = true;
    loop {
        let is_usable = matches!(store.health().await, Ok(health) if health.migrated);
        if shutdown.is_cancelled() {
            return;
        }
        if is_usable != was_usable {
            tracing::info!(is_usable, "the database has changed its state");
            health.set_serving(is_usable).await;
            was_usable = is_usable;
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
