//! A matcher with a database and an indexer of its own, and images and advisories to put there.

mod images;
mod indexer;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clair_bus::{Bus, BusOptions, UpdateApplied};
use clair_matcher::{Config, Database, Limits};
use clair_model::{Advisory, Digest, IndexReport, VulnerabilityReport};
use clair_rpc::proto::indexer::v1::indexer_server::IndexerServer;
use clair_rpc::proto::matcher::v1::get_vulnerability_report_request::Image;
use clair_rpc::proto::matcher::v1::get_vulnerability_report_response::Report;
use clair_rpc::proto::matcher::v1::matcher_client::MatcherClient;
use clair_rpc::proto::matcher::v1::{
    GetStatusRequest, GetStatusResponse, GetVulnerabilityReportRequest,
};
use clair_rpc::{Channel, ChannelOptions, Error, Server, ServerOptions, Trust};
use clair_runtime::Health;
use clair_runtime::config::ListenAddress;
use clair_runtime::introspection::CheckStatus;
use clair_store::{Operation, Options, Outcome, Provenance, Record, Source, SourceKind, Store};
use clair_testing::{Nats, Postgres};
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use self::images::*;
use self::indexer::Peer;

pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The default source of advisories.
pub(crate) const DEBIAN: Source<'_> = Source {
    name: "debian",
    feed: "debian",
    kind: SourceKind::Vulnerability,
};

/// What a matcher needs, which outlives it.
pub(crate) struct Site {
    pub(crate) address: String,
    pub(crate) store: Store,
    pub(crate) data: tempfile::TempDir,
    indexer: SocketAddr,
    bus: Bus,
    _nats: Nats,
    _indexing: Stop,
}

/// A matcher that runs.
pub(crate) struct Matcher {
    pub(crate) client: MatcherClient<Channel>,
    health: Health,
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), clair_matcher::Error>>,
}

impl Site {
    /// A site on the server that all tests share.
    pub(crate) async fn new() -> Self {
        Self::on(Postgres::shared()).await
    }

    pub(crate) async fn on(postgres: &Postgres) -> Self {
        let address = postgres.database();
        let nats = Nats::start();
        let store = Store::connect(&address, &Options::default()).await.unwrap();
        store.migrate().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let indexer = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let peer = Server::new(trusting()).with_service(IndexerServer::new(Peer(store.clone())));
        tokio::spawn(peer.serve(listener, stop.clone().cancelled_owned()));
        Self {
            address,
            store,
            data: tempfile::tempdir().unwrap(),
            indexer,
            bus: connect(&nats).await,
            _nats: nats,
            _indexing: Stop(stop),
        }
    }

    /// Starts a matcher that polls seldom, so that only events tell it of updates.
    pub(crate) async fn matcher(&self) -> Matcher {
        self.matcher_polling(Duration::from_hours(1)).await
    }

    pub(crate) async fn matcher_polling(&self, poll_interval: Duration) -> Matcher {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let health = Health::new();
        let config = Config {
            listen: ListenAddress::port(0),
            server: trusting(),
            indexer: calling(self.indexer),
            database: Database {
                address: self.address.clone(),
                options: Options::default(),
                migrate: true,
            },
            data_dir: self.directory(),
            poll_interval,
            max_age: SignedDuration::from_hours(24 * 7),
            limits: Limits::default(),
            bus: Some(self.bus.clone()),
            health: health.clone(),
        };
        let shutdown = CancellationToken::new();
        let running = clair_matcher::serve(listener, config, shutdown.clone());
        let running = tokio::spawn(running);
        let channel = Channel::lazy(calling(address)).unwrap();
        Matcher {
            client: channel.client(),
            health,
            shutdown,
            running,
        }
    }

    pub(crate) fn directory(&self) -> PathBuf {
        self.data.path().join("matcher")
    }

    /// Updates the default source to have just these advisories.
    pub(crate) async fn update(&self, advisories: &[Advisory]) -> Operation {
        self.update_source(DEBIAN, advisories).await
    }

    pub(crate) async fn update_source(
        &self,
        source: Source<'_>,
        advisories: &[Advisory],
    ) -> Operation {
        let mut update = self.store.begin_update(&source).await.unwrap();
        let documents = advisories
            .iter()
            .map(|advisory| Record::encode(advisory).unwrap());
        update.add(documents.collect()).await.unwrap();
        match update.commit(&Provenance::default()).await.unwrap() {
            Outcome::Changed(operation) => operation,
            Outcome::Unchanged => panic!("nothing changed"),
        }
    }

    /// Tells of an operation, as the updater does.
    pub(crate) async fn tell(&self, operation: &Operation) {
        let event = UpdateApplied {
            source: operation.source.clone(),
            operation: operation.reference,
            added: operation.added,
            removed: operation.removed,
        };
        self.bus.publish(&event).await.unwrap();
    }

    /// Stores an image as indexed.
    pub(crate) async fn index(&self, report: &IndexReport) {
        let manifest = &report.manifest_hash;
        self.store
            .submit_manifest(manifest, &[digest(0)])
            .await
            .unwrap();
        self.store
            .finish_manifest(report, "analyzers")
            .await
            .unwrap();
    }
}

impl Matcher {
    /// The report of a manifest, and the generation it was made from.
    pub(crate) async fn report(
        &self,
        manifest: &Digest,
    ) -> Result<(VulnerabilityReport, String), Error> {
        let image = Image::ManifestDigest(manifest.to_string());
        self.report_of(image).await
    }

    pub(crate) async fn report_of(
        &self,
        image: Image,
    ) -> Result<(VulnerabilityReport, String), Error> {
        let request = GetVulnerabilityReportRequest {
            image: Some(image),
            ..GetVulnerabilityReportRequest::default()
        };
        let response = self
            .client
            .clone()
            .get_vulnerability_report(request)
            .await?
            .into_inner();
        let Some(Report::Message(message)) = response.report else {
            panic!("no message")
        };
        Ok((message.try_into().unwrap(), response.generation))
    }

    pub(crate) async fn status(&self) -> GetStatusResponse {
        self.client
            .clone()
            .get_status(GetStatusRequest {})
            .await
            .unwrap()
            .into_inner()
    }

    /// Waits until the matcher answers from an operation.
    pub(crate) async fn has(&self, operation: &Operation) {
        let reference = operation.reference.to_string();
        self.reaches(|status| {
            status
                .sources
                .iter()
                .any(|source| source.current_ref == reference)
        })
        .await;
    }

    pub(crate) async fn reaches(&self, is_reached: impl Fn(&GetStatusResponse) -> bool) {
        let reached = async {
            while !is_reached(&self.status().await) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached)
            .await
            .expect("the matcher gets there in time");
    }

    /// How a thing is that the health of the process depends on.
    pub(crate) fn check(&self, name: &str) -> CheckStatus {
        let report = self.health.report();
        let check = report.checks.into_iter().find(|check| check.name == name);
        check.expect("a check of the matcher").status
    }

    /// Ends it as its operator would.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.unwrap().unwrap();
    }
}

async fn connect(nats: &Nats) -> Bus {
    let bus = Bus::connect(BusOptions::new(vec![nats.url()]))
        .await
        .unwrap();
    let mut health = bus.watch_health();
    health
        .wait_for(clair_bus::Health::is_healthy)
        .await
        .unwrap();
    bus
}

/// Stops a server when it is dropped.
struct Stop(CancellationToken);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

fn trusting() -> ServerOptions {
    ServerOptions::new(Trust {
        loopback: true,
        ..Trust::default()
    })
}

fn calling(address: SocketAddr) -> ChannelOptions {
    ChannelOptions {
        timeout: PATIENCE,
        ..ChannelOptions::new(format!("http://{address}"))
    }
}

/// Runs a statement as an operator would, for what the store has no method for.
pub(crate) fn psql(address: &str, statement: &str) {
    let output = std::process::Command::new("psql")
        .args([
            "--no-psqlrc",
            "--set",
            "ON_ERROR_STOP=1",
            "--command",
            statement,
            address,
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
