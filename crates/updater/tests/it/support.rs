//! A database, a feed in a directory, updaters, and somebody who calls them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clair_rpc::proto::updater::v1::updater_client::UpdaterClient;
use clair_rpc::proto::updater::v1::{
    ListSourcesRequest, ListSourcesResponse, RunFinished, RunUpdateRequest, RunUpdateResponse,
    SourceOutcome, SourceProgress, SourceResult, run_update_response::Event,
};
use clair_rpc::{Channel, ChannelOptions, ServerOptions, Trust};
use clair_store::{Operation, Store};
use clair_testing::Postgres;
use clair_updater::{Config, Database, Events, FeedConfig, PublishError};
use futures::future::BoxFuture;
use futures::{FutureExt as _, TryStreamExt as _};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;

/// Remembers the events.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) operations: Mutex<Vec<Operation>>,
    /// Whether it is as if nobody took them.
    pub(crate) is_down: bool,
}

impl Events for Recorded {
    fn update_applied<'a>(
        &'a self,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<(), PublishError>> {
        if self.is_down {
            return async { Err("no server".into()) }.boxed();
        }
        self.operations.lock().unwrap().push(operation.clone());
        async { Ok(()) }.boxed()
    }
}

/// A mirror with a tracker of Debian, and a database.
pub(crate) struct World {
    pub(crate) mirror: TempDir,
    pub(crate) address: String,
    pub(crate) store: Store,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::in_database(Postgres::shared().database()).await
    }

    pub(crate) async fn in_database(address: String) -> Self {
        let store = Store::connect(&address, &clair_store::Options::default())
            .await
            .unwrap();
        store.migrate().await.unwrap();
        let mirror = tempfile::tempdir().unwrap();
        fs::create_dir(mirror.path().join("debian")).unwrap();
        Self {
            mirror,
            address,
            store,
        }
    }

    pub(crate) fn document(&self) -> PathBuf {
        self.mirror.path().join("debian/json")
    }

    /// Publishes these flaws: a package for each, by the version that fixes it.
    pub(crate) fn publish(&self, fixed: &[&str]) {
        let versions = fixed.iter().map(|version| (*version).to_owned());
        fs::write(self.document(), tracker(versions)).unwrap();
    }

    /// An updater that asks the tracker alone, and only when it is told to, if a source was ever
    /// asked.
    pub(crate) fn config(&self) -> Config {
        let listen = "127.0.0.1:0".parse().unwrap();
        let server = ServerOptions::new(Trust {
            loopback: true,
            ..Trust::default()
        });
        let options = clair_store::Options::default();
        let database = Database {
            address: self.address.clone(),
            options,
            migrate: false,
        };
        let mut config = Config::new(listen, server, database);
        for name in ["alpine", "ubuntu", "debian"] {
            let enabled = name == "debian";
            config.feeds.insert(
                name.to_owned(),
                FeedConfig {
                    enabled,
                    ..FeedConfig::default()
                },
            );
        }
        config.offline = true;
        config.mirror = Some(self.mirror.path().to_str().unwrap().parse().unwrap());
        config.jitter = Duration::ZERO;
        config
    }

    pub(crate) async fn updater(&self) -> Updater {
        Updater::start(self.config()).await
    }

    /// Rows of the table of advisories, by whether they count now.
    pub(crate) async fn advisories(&self) -> usize {
        let Some(mut snapshot) = self.store.snapshot("debian").await.unwrap() else {
            return 0;
        };
        snapshot
            .records()
            .try_fold(0, async |count, _| Ok(count + 1))
            .await
            .unwrap()
    }
}

/// The document of a tracker.
pub(crate) fn tracker(fixed: impl Iterator<Item = String>) -> String {
    let mut text = String::from("{");
    for (number, version) in fixed.enumerate() {
        let comma = if number == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}"package-{number}":{{"CVE-2024-{:05}":{{"description":"A flaw in part {} of it.","scope":"local","releases":{{"bookworm":{{"status":"resolved","repositories":{{"bookworm":"1"}},"fixed_version":"{version}","urgency":"low"}}}}}}}}"#,
            number + 10_000,
            number % 97,
        )
        .unwrap();
    }
    text.push('}');
    text
}

/// A replica, and a way to call it.
pub(crate) struct Updater {
    pub(crate) client: UpdaterClient<Channel>,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), clair_updater::Error>>,
}

impl Updater {
    pub(crate) async fn start(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(clair_updater::serve(listener, config, shutdown.clone()));
        let client = Channel::lazy(ChannelOptions::new(address))
            .unwrap()
            .client();
        Self {
            client,
            shutdown,
            task,
        }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }

    /// Begins a run of everything.
    pub(crate) async fn begin(&self) -> Streaming<RunUpdateResponse> {
        let mut client = self.client.clone();
        client
            .run_update(RunUpdateRequest::default())
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn update(&self) -> Run {
        self.update_with(RunUpdateRequest::default()).await
    }

    pub(crate) async fn update_with(&self, request: RunUpdateRequest) -> Run {
        let stream = self
            .client
            .clone()
            .run_update(request)
            .await
            .unwrap()
            .into_inner();
        Run::of(stream.try_collect().await.unwrap())
    }

    pub(crate) async fn sources(&self) -> ListSourcesResponse {
        let request = ListSourcesRequest {};
        self.client
            .clone()
            .list_sources(request)
            .await
            .unwrap()
            .into_inner()
    }
}

/// All that a run told.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) feeds: Vec<String>,
    pub(crate) progress: Vec<SourceProgress>,
    pub(crate) outcomes: BTreeMap<String, SourceOutcome>,
    pub(crate) finished: RunFinished,
}

impl Run {
    fn of(responses: Vec<RunUpdateResponse>) -> Self {
        let mut run = Self::default();
        let last = responses.len() - 1;
        for (number, response) in responses.into_iter().enumerate() {
            match response.event.unwrap() {
                Event::Started(started) => {
                    assert_eq!(number, 0);
                    run.feeds = started.feeds;
                }
                Event::Progress(progress) => run.progress.push(progress),
                Event::Outcome(outcome) => {
                    run.outcomes.insert(outcome.source.clone(), outcome);
                }
                Event::Finished(finished) => {
                    assert_eq!(number, last);
                    run.finished = finished;
                }
            }
        }
        run
    }

    pub(crate) fn result(&self) -> SourceResult {
        self.outcomes["debian"].result()
    }

    /// How many advisories were added and removed.
    pub(crate) fn difference(&self) -> (u64, u64) {
        let operation = self.outcomes["debian"].operation.as_ref();
        operation.map_or((0, 0), |operation| (operation.added, operation.removed))
    }
}

/// Waits until something is so.
pub(crate) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came to be that {what}");
}

/// An updater's configuration with events that are remembered.
pub(crate) fn recording(mut config: Config, is_down: bool) -> (Config, Arc<Recorded>) {
    let recorded = Arc::new(Recorded {
        is_down,
        ..Recorded::default()
    });
    config.events = Arc::clone(&recorded) as Arc<dyn Events>;
    (config, recorded)
}
