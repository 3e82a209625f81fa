//! The beginning and the end of the service.

use std::sync::Arc;

use clair_rpc::Server;
use clair_rpc::proto::updater::v1::updater_server::UpdaterServer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::service::Service;
use crate::{Config, Error, health, retention, schedule};

/// Runs the updater until `shutdown` is cancelled. Updates that are running then are given up:
/// what they wrote is rolled back, and they are due at the next start.
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
    let check = health::check(&config.health);
    let connecting = shutdown.run_until_cancelled(config.database.clone().connect());
    let Some(store) = connecting.await.transpose()? else {
        return Ok(());
    };
    // Also cancelled when the server breaks, so that nothing goes on behind it.
    let ending = shutdown.child_token();
    let _ends = ending.clone().drop_guard();
    let engine = Engine::new(&config, store, ending.clone()).await?;
    for feed in engine.catalog.feeds().filter(|feed| feed.wanted) {
        engine.spawn(schedule::follow(Arc::clone(&engine), Arc::clone(feed)));
    }
    if let Some(kept) = engine.retention {
        engine.spawn(retention::collect(Arc::clone(&engine), kept));
    }
    let service = UpdaterServer::new(Service::new(Arc::clone(&engine)));
    let server = Server::new(config.server.clone()).with_service(service);
    engine.spawn(health::look_after(
        engine.store.clone(),
        check,
        server.health(),
    ));
    let result = server
        .serve(listener, ending.clone().cancelled_owned())
        .await;
    ending.cancel();
    engine.tasks.close();
    engine.tasks.wait().await;
    engine.store.close().await;
    Ok(result?)
}
