//! Running the service.

use std::sync::Arc;
use std::time::Duration;

use clair_inventory::Analyzer;
use clair_rpc::Server;
use clair_rpc::proto::indexer::v1::indexer_server::IndexerServer;
use clair_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::fetch::Client;
use crate::health::{Checks, look_after};
use crate::indexer::Indexer;
use crate::layers::Layers;
use crate::queue::Queue;
use crate::service::Service;
use crate::{Config, Database, Error, garbage};

/// So often a database that cannot be reached is tried again.
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
    let checks = Checks::new(&config.health, config.bus.is_some());
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
    let indexer = Indexer::new(store.clone(), layers, &state, config.bus.clone());
    let indexer = Arc::new(indexer);
    let queue = config.bus.as_ref().map(Queue::new);
    let service = Service::new(Arc::clone(&indexer), queue.clone(), ids, limits);
    // Cancelled also when the server breaks, so that nothing goes on behind it.
    let ending = shutdown.child_token();
    let working = queue
        .map(|queue| tokio::spawn(queue.work(indexer, limits.concurrent_layers, ending.clone())));

    let server = Server::new(config.server).with_service(IndexerServer::new(service));
    let looking = tokio::spawn(look_after(
        store.clone(),
        config.bus,
        checks,
        server.health(),
    ));
    let collecting = tokio::spawn(garbage::collect(store.clone(), state));
    let result = server.serve(listener, shutdown.cancelled_owned()).await;
    ending.cancel();
    if let Some(working) = working {
        // It ends what it has begun, or gives it back.
        let _ = working.await;
    }
    looking.abort();
    collecting.abort();
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
