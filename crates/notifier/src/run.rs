//! Running the service.

use std::sync::Arc;

use clair_jwt::Signer;
use clair_rpc::proto::notifier::v1::notifier_server::NotifierServer;
use clair_rpc::{Channel, Server};
use clair_runtime::config::NOTIFIER_ISSUER;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::delivery::Deliverer;
use crate::health::{Checks, look_after};
use crate::matcher::Matcher;
use crate::service::Service;
use crate::updates::{Follower, Notifier, listen};
use crate::webhook::Webhook;
use crate::{Config, Error, garbage};

/// Runs the notifier until `shutdown` is cancelled. Calls that are being served, and deliveries that
/// have begun, then have some seconds.
///
/// # Errors
///
/// When it cannot begin, or its server breaks. That the database is not there is no error, before
/// the beginning or later.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), Error> {
    let listener = config.listen.bind().await?;
    Box::pin(serve(listener, config, shutdown)).await
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
    let checks = Arc::new(Checks::new(&config.health, config.bus.is_some()));
    let signing = &config.signing;
    let signer = Signer::new(&signing.auth, signing.signer.as_ref(), NOTIFIER_ISSUER).await?;
    let webhook = Webhook::new(config.webhook, signer.clone(), &config.certificates)?;
    let matcher = Channel::lazy(config.matcher).map_err(Error::Matcher)?;
    let connecting = shutdown.run_until_cancelled(config.database.connect());
    let Some(store) = connecting.await.transpose()? else {
        return Ok(());
    };
    let (updated, created) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let follower = Follower {
        store: store.clone(),
        notifier: Notifier {
            store: store.clone(),
            matcher: Matcher::new(&matcher),
            summarize: config.summarize,
            bus: config.bus.clone(),
            deliver: Arc::clone(&created),
        },
        hint: Arc::clone(&updated),
        poll_interval: config.poll_interval,
        checks: Arc::clone(&checks),
    };
    let deliverer = Deliverer {
        store: store.clone(),
        webhook: Arc::new(webhook),
        retry: config.retry,
        hint: created,
        checks: Arc::clone(&checks),
    };
    let service = Service {
        store: store.clone(),
    };
    let server = Server::new(config.server).with_service(NotifierServer::new(service));
    let health = server.health();
    // Cancelled also when the server breaks, so that nothing goes on behind it.
    let ending = shutdown.child_token();
    let serving = async {
        let result = server.serve(listener, shutdown.cancelled_owned()).await;
        ending.cancel();
        result
    };
    let listening = async {
        if let Some(bus) = config.bus.clone() {
            listen(bus, updated, ending.clone()).await;
        }
    };
    let looking = look_after(
        store.clone(),
        config.bus.clone(),
        checks,
        health,
        ending.clone(),
    );
    let (result, ..) = tokio::join!(
        serving,
        listening,
        looking,
        follower.run(ending.clone()),
        deliverer.run(ending.clone()),
        garbage::collect(store.clone(), config.retention, ending.clone()),
    );
    if let Some(signer) = signer {
        signer.close().await;
    }
    store.close().await;
    Ok(result?)
}
