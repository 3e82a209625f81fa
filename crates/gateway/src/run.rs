//! Running the gateway.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Channels};
use crate::health::look_after;
use crate::router::router;
use crate::server::Server;
use crate::{Config, Error};

/// Runs the gateway until `shutdown` is cancelled. Requests that are being answered then have the
/// grace of the configuration.
///
/// # Errors
///
/// When it cannot begin. That the services or the database are not there is no error, before the
/// beginning or later.
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
    let channels = Channels::new(config.services.clone())?;
    let app = App::new(&config, channels.clone())?;
    let looking = tokio::spawn(look_after(channels, config.health.clone()));
    let server = Server::new(&config, router(Arc::clone(&app)));
    server.serve(listener, &shutdown).await;
    looking.abort();
    Ok(())
}
