//! Running the service.

use std::sync::Arc;

use clair_inventory::Analyzer;
use clair_rpc::Server;
use clair_rpc::proto::indexer::v1::indexer_server::IndexerServer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::fetch::Client;
use crate::health::{Checks, look_after};
use crate::indexer::Indexer;
use crate::layers::Layers;
use crate::queue::Queue;
use crate::service::Service;
use crate::{Config, Error, garbage};

/// Runs the indexer until `shutdown` is cancelled. Calls that are being served then have the grace
/// of the server's options.
///
/// # Errors
///
/// When it cannot begin, or its server breaks. That the database is not there is no error, before
/// the beginning or later.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), Error> {
    let listener = config.listen.bind().await?;
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
    let connecting = shutdown.run_until_cancelled(config.database.connect());
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
