//! An indexer, a server of layers, and what it takes to call the one about the other.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use clair_bus::Bus;
use clair_indexer::{Config, Database, Error, Limits};
use clair_model::{Digest, IndexReport, Manifest, ManifestLayer};
use clair_rpc::proto::indexer::v1::index_response::Event;
use clair_rpc::proto::indexer::v1::indexer_client::IndexerClient;
use clair_rpc::proto::indexer::v1::{IndexOutcome, IndexProgress, IndexRequest};
use clair_rpc::{Channel, ChannelOptions, Error as RpcError, ServerOptions, Trust};
use clair_runtime::config::{Egress, ListenAddress};
use clair_runtime::egress::EgressPolicy;
use clair_testing::Postgres;
use futures::StreamExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::layers::Blob;

/// What a server of layers answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn ok(body: &[u8]) -> Self {
        Self {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: body.to_vec(),
        }
    }

    pub(crate) fn status(status: u16, body: &str) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        Self {
            status,
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }
}

/// A server of layers on a port of its own.
#[derive(Debug)]
pub(crate) struct Blobs {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    answers: Mutex<HashMap<String, Answer>>,
    requests: Mutex<Vec<(String, HeaderMap)>>,
    /// Answers are held back while it is false.
    open: watch::Sender<bool>,
}

impl Blobs {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answers: Mutex::default(),
            requests: Mutex::default(),
            open: watch::Sender::new(true),
        });
        let app = axum::Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, shared }
    }

    /// Serves a layer, and gives it as a manifest names it.
    pub(crate) fn serve(&self, blob: &Blob) -> ManifestLayer {
        self.answer(&blob.digest, Answer::ok(&blob.bytes))
    }

    /// Answers requests for a layer in some way.
    pub(crate) fn answer(&self, digest: &Digest, answer: Answer) -> ManifestLayer {
        let path = format!("/{digest}");
        self.shared
            .answers
            .lock()
            .unwrap()
            .insert(path.clone(), answer);
        ManifestLayer {
            hash: digest.clone(),
            uri: format!("http://{}{path}", self.address),
            headers: BTreeMap::new(),
        }
    }

    /// Holds all answers back.
    pub(crate) fn hold(&self) {
        self.shared.open.send_replace(false);
    }

    pub(crate) fn release(&self) {
        self.shared.open.send_replace(true);
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.lock().unwrap().len()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn requested(&self, count: usize) {
        eventually(|| self.requests() >= count).await;
    }

    /// The headers of the last request.
    pub(crate) fn last_headers(&self) -> HeaderMap {
        self.shared
            .requests
            .lock()
            .unwrap()
            .last()
            .unwrap()
            .1
            .clone()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    shared
        .requests
        .lock()
        .unwrap()
        .push((path.clone(), request.headers().clone()));
    let mut open = shared.open.subscribe();
    let _ = open.wait_for(|open| *open).await;
    let known = shared.answers.lock().unwrap().get(&path).cloned();
    let answer = known.unwrap_or_else(|| Answer::status(404, "no such layer"));
    // A stream has no length but the one that an answer claims. Where it claims more than there is,
    // what there is has arrived before the connection breaks.
    let claimed = answer.headers.get("content-length");
    let claimed = claimed.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let is_cut = claimed.is_some_and(|length| length > answer.body.len());
    let whole = futures::stream::iter([Ok::<_, std::io::Error>(answer.body)]);
    let broken = futures::stream::once(async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        Err(std::io::Error::other("broken off"))
    });
    let body = if is_cut {
        Body::from_stream(whole.chain(broken))
    } else {
        Body::from_stream(whole)
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    response.headers_mut().extend(answer.headers);
    response
}

/// A running indexer.
pub(crate) struct Indexer {
    pub(crate) client: IndexerClient<Channel>,
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), Error>>,
}

/// What the tests allow: everything is on this machine.
pub(crate) fn loopback() -> EgressPolicy {
    let egress = Egress {
        allow_loopback: true,
        ..Egress::default()
    };
    EgressPolicy::new(&egress, false)
}

impl Indexer {
    /// An indexer with a database of its own.
    pub(crate) async fn start() -> Self {
        Self::with(Postgres::shared().database(), loopback(), Limits::default()).await
    }

    pub(crate) async fn with(database: String, egress: EgressPolicy, limits: Limits) -> Self {
        Self::configured(|config| {
            config.database.address = database;
            config.egress = egress;
            config.limits = limits;
        })
        .await
    }

    /// An indexer with a queue.
    pub(crate) async fn with_bus(database: String, bus: Bus) -> Self {
        Self::configured(|config| {
            config.database.address = database;
            config.egress = loopback();
            config.bus = Some(bus);
        })
        .await
    }

    async fn configured(configure: impl FnOnce(&mut Config)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let trust = Trust {
            loopback: true,
            ..Trust::default()
        };
        let server = ServerOptions {
            grace: Duration::from_secs(2),
            ..ServerOptions::new(trust)
        };
        let database = Database {
            address: String::new(),
            options: clair_store::Options {
                acquire_timeout: Duration::from_secs(3),
                ..clair_store::Options::default()
            },
            migrate: true,
        };
        let mut config = Config::new(ListenAddress::port(0), server, database);
        configure(&mut config);
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(clair_indexer::serve(listener, config, shutdown.clone()));
        let channel = Channel::lazy(ChannelOptions::new(format!("http://{address}"))).unwrap();
        Self {
            client: channel.client(),
            shutdown,
            running,
        }
    }

    /// Ends it, and waits for that.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.unwrap().unwrap();
    }

    /// Submits a manifest and waits for the outcome.
    pub(crate) async fn index(&self, manifest: &Manifest) -> Result<Indexed, RpcError> {
        let request = IndexRequest {
            manifest: Some(manifest.clone().into()),
        };
        let mut events = self.client.clone().index(request).await?.into_inner();
        let mut progress = Vec::new();
        loop {
            let event = events.message().await?.expect("the outcome comes last");
            match event.event.unwrap() {
                Event::Progress(event) => progress.push(event),
                Event::Outcome(outcome) => {
                    assert!(events.message().await?.is_none());
                    return Ok(Indexed { progress, outcome });
                }
            }
        }
    }
}

/// What a call of `Index` told.
#[derive(Debug)]
pub(crate) struct Indexed {
    pub(crate) progress: Vec<IndexProgress>,
    pub(crate) outcome: IndexOutcome,
}

impl Indexed {
    pub(crate) fn report(&self) -> IndexReport {
        self.outcome.report.clone().unwrap().try_into().unwrap()
    }

    /// Why the image could not be indexed: the code, the message and the layer.
    pub(crate) fn failure(&self) -> (clair_rpc::ErrorCode, String, String) {
        let failure = self.outcome.failure.clone().expect("it failed");
        let error = RpcError::from(failure.error.unwrap());
        (
            error.code(),
            error.message().to_owned(),
            failure.layer_digest,
        )
    }
}

/// A manifest whose digest is made from a name.
pub(crate) fn manifest(name: &str, layers: Vec<ManifestLayer>) -> Manifest {
    let hash = clair_image::digest_of(clair_model::Algorithm::Sha256, name.as_bytes());
    Manifest { hash, layers }
}

/// Waits until something holds.
pub(crate) async fn eventually(mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never happened");
}
