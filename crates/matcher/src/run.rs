//! Running the matcher.

use std::io;
use std::path::Path;
use std::sync::Arc;

use clair_rpc::proto::matcher::v1::matcher_server::MatcherServer;
use clair_rpc::{Channel, Server};
use clair_store::Store;
use futures::stream::BoxStream;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::database::Database;
use crate::follow::{self, Follower, Latest};
use crate::generation::Generations;
use crate::index_reports::IndexReports;
use crate::limit::Limiter;
use crate::report::Reporter;
use crate::service::Service;
use crate::{Config, Error, config};

/// The names of sources whose update was applied, as the events tell. Some may be missing or come
/// twice; where the stream ends, updates are found by polling only.
pub type UpdateEvents = BoxStream<'static, String>;

/// Runs the matcher until `shutdown`, and gives the calls that are under way the time to end.
pub async fn run(
    config: Config,
    events: UpdateEvents,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let listener = config.listen.bind().await.map_err(|source| Error::Listen {
        address: config.listen.to_string(),
        source,
    })?;
    serve(config, listener, events, shutdown).await
}

/// Runs the matcher on a socket that listens already; `config.listen` is not looked at.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    events: UpdateEvents,
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
    let following = follow(
        config.database,
        Arc::clone(&database),
        move |store| Follower {
            store,
            copy,
            generations,
            latest,
            poll_interval: config.poll_interval,
        },
        events,
    );
    let serving = Server::new(config.server)
        .with_service(MatcherServer::new(service))
        .serve(listener, shutdown.clone().cancelled_owned());
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
    config: config::Database,
    database: Arc<Database>,
    follower: impl FnOnce(Store) -> Follower,
    events: UpdateEvents,
) -> Result<(), Error> {
    let store = database.connect(config).await.map_err(Error::Database)?;
    follower(store).run(events).await;
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
