//! Running the matcher.

use std::io;
use std::path::Path;
use std::sync::Arc;

use clair_rpc::proto::matcher::v1::matcher_server::MatcherServer;
use clair_rpc::{Channel, Server};
use clair_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::database::Database;
use crate::follow::{self, Events, Follower, Latest};
use crate::generation::Generations;
use crate::health::Checks;
use crate::index_reports::IndexReports;
use crate::limit::Limiter;
use crate::report::Reporter;
use crate::service::Service;
use crate::{Config, Error};

/// Runs the matcher until `shutdown`, and gives the calls that are under way the time to end.
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
    let generations = Arc::new(Generations::default());
    let latest = Arc::new(Latest::default());
    let database = Arc::new(Database::default());
    let copy = follow::open(&config.data_dir.join("vulndb"), &generations).map_err(Error::Copy)?;
    let scratch = config.data_dir.join("scratch");
    empty(&scratch).map_err(Error::Scratch)?;
    let indexer = Channel::lazy(config.indexer).map_err(Error::Indexer)?;
    let service = Service {
        reporter: Reporter {
            index_reports: IndexReports::new(&indexer),
            limiter: Limiter::new(config.limits),
            max_age: config.max_age,
        },
        generations: Arc::clone(&generations),
        latest: Arc::clone(&latest),
        database: Arc::clone(&database),
        scratch: scratch.into(),
    };
    let server = Server::new(config.server).with_service(MatcherServer::new(service));
    let checks = Checks::new(&config.health, server.health());
    checks.loaded(generations.current().is_some()).await;
    let events = Events::new(config.bus, &config.health);
    let follower = move |store| Follower {
        store,
        copy,
        generations,
        latest,
        poll_interval: config.poll_interval,
        events,
        checks,
    };
    let following = follow(config.database, Arc::clone(&database), follower);
    let serving = server.serve(listener, shutdown.cancelled_owned());
    let result = tokio::select! {
        ended = serving => ended.map_err(Error::Serve),
        failed = following => failed,
    };
    if let Ok(store) = database.get() {
        store.close().await;
    }
    result
}

/// Follows the database, once it is reached.
async fn follow(
    config: clair_service::Database,
    database: Arc<Database>,
    follower: impl FnOnce(Store) -> Follower,
) -> Result<(), Error> {
    let store = database.connect(config).await.map_err(Error::Database)?;
    follower(store).run().await;
    Ok(())
}

/// Makes a directory that holds nothing. What is there was left behind by a process that was
/// killed.
fn empty(directory: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::create_dir_all(directory)
}
