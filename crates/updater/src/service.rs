//! The interface `clair.updater.v1.Updater`.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use clair_rpc::conversion::{InvalidField, to_timestamp};
use clair_rpc::proto::updater::v1;
use clair_store::SourceKind;
use futures::{Stream, StreamExt as _};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use v1::run_update_response::Event;

use crate::archive::ChunkReader;
use crate::catalog::{FollowedFeed, Selected};
use crate::engine::Engine;
use crate::error::UpdateError;
use crate::import::Archive;
use crate::run::{RunState, Runs, Scope};
use crate::{export, import, messages};

/// Events and chunks that may wait for a caller.
const WAITING: usize = 16;

/// Bytes that a chunk of an archive may have, as the interface says.
const MAX_CHUNK: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Service {
    engine: Arc<Engine>,
}

impl Service {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }
}

type Responses<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl v1::updater_server::Updater for Service {
    type RunUpdateStream = Responses<v1::RunUpdateResponse>;
    type ExportDatabaseStream = Responses<v1::ExportDatabaseResponse>;

    async fn run_update(
        &self,
        request: Request<v1::RunUpdateRequest>,
    ) -> Result<Response<Self::RunUpdateStream>, Status> {
        let request = request.into_inner();
        let selected = self
            .engine
            .catalog
            .select(&request.only)
            .map_err(|unknown| {
                let reason = format!("{:?} is no feed that is in use", unknown.0);
                clair_rpc::Error::from(InvalidField::new("only", reason))
            })?;
        let names = selected
            .iter()
            .map(|selected| selected.feed.name().to_owned());
        let started = v1::RunStarted {
            feeds: names.collect(),
        };
        let (events, stream) = mpsc::channel(WAITING);
        // There is room for it.
        let _ = events.try_send(messages::event(Event::Started(started)));
        let (engine, force) = (Arc::clone(&self.engine), request.force);
        self.engine.spawn(async move {
            let watching = selected.into_iter().map(|Selected { feed, only }| {
                let scope = Scope {
                    only,
                    force,
                    due_only: false,
                };
                watch_run(&engine, feed, scope, &events)
            });
            let sums = futures::future::join_all(watching).await;
            let finished = sums
                .into_iter()
                .fold(v1::RunFinished::default(), |all, one| v1::RunFinished {
                    updated: all.updated + one.updated,
                    unchanged: all.unchanged + one.unchanged,
                    failed: all.failed + one.failed,
                    busy: all.busy + one.busy,
                });
            let _ = events
                .send(messages::event(Event::Finished(finished)))
                .await;
        });
        let all = ReceiverStream::new(stream).map(Ok);
        // Who detaches takes the first event and goes.
        let limit = if request.detach { 1 } else { usize::MAX };
        Ok(Response::new(all.take(limit).boxed()))
    }

    async fn list_sources(
        &self,
        _: Request<v1::ListSourcesRequest>,
    ) -> Result<Response<v1::ListSourcesResponse>, Status> {
        let response = list_sources(&self.engine).await;
        let response = response.map_err(|error| Status::from(error.public()))?;
        Ok(Response::new(response))
    }

    async fn export_database(
        &self,
        request: Request<v1::ExportDatabaseRequest>,
    ) -> Result<Response<Self::ExportDatabaseStream>, Status> {
        let only = request.into_inner().only;
        let (chunks, mut packed) = mpsc::channel::<Bytes>(WAITING);
        let (responses, stream) = mpsc::channel(WAITING);
        let engine = Arc::clone(&self.engine);
        self.engine.spawn(async move {
            let forward = async {
                while let Some(chunk) = packed.recv().await {
                    let response = v1::ExportDatabaseResponse { chunk };
                    if responses.send(Ok(response)).await.is_err() {
                        break;
                    }
                }
                // So that packing stops for a caller who is gone.
                drop(packed);
            };
            let (exported, ()) = tokio::join!(export::export(&engine, &only, chunks), forward);
            if let Err(error) = exported
                && !responses.is_closed()
            {
                let _ = responses.send(Err(error.public().into())).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(stream).boxed()))
    }

    async fn import_database(
        &self,
        request: Request<Streaming<v1::ImportDatabaseRequest>>,
    ) -> Result<Response<v1::ImportDatabaseResponse>, Status> {
        let mut requests = request.into_inner();
        let (chunks, reading) = mpsc::channel(WAITING);
        let receive = async move {
            while let Some(request) = requests.message().await? {
                if request.chunk.len() > MAX_CHUNK {
                    let error = InvalidField::new("chunk", "is larger than 1 MiB");
                    return Err(clair_rpc::Error::from(error).into());
                }
                if chunks.send(Some(request.chunk)).await.is_err() {
                    // The archive was refused, which says more than what still comes.
                    return Ok(());
                }
            }
            let _ = chunks.send(None).await;
            Ok::<_, Status>(())
        };
        let store = import::import(
            &self.engine,
            Archive::Stream(Box::new(ChunkReader::new(reading))),
        );
        let (received, imported) = tokio::join!(receive, store);
        received?;
        let outcomes = imported.map_err(|error| Status::from(error.public()))?;
        let outcomes = outcomes.into_iter().map(messages::outcome).collect();
        Ok(Response::new(v1::ImportDatabaseResponse { outcomes }))
    }
}

/// Starts or joins a run and tells what happens, as long as anybody listens. Gives the sum.
async fn watch_run(
    engine: &Arc<Engine>,
    feed: Arc<FollowedFeed>,
    scope: Scope,
    events: &mpsc::Sender<v1::RunUpdateResponse>,
) -> v1::RunFinished {
    let mut run = Runs::join(engine, &feed, &scope).await;
    let mut sum = v1::RunFinished::default();
    let mut told = 0;
    loop {
        let (news, is_done) = news(&mut run, &mut told, &mut sum);
        for event in news {
            if events.send(messages::event(event)).await.is_err() {
                return sum;
            }
        }
        // A run that was dropped has ended too.
        if is_done || run.changed().await.is_err() {
            return sum;
        }
    }
}

/// What a run has come to since it was last looked at, and whether that is all.
fn news(
    run: &mut watch::Receiver<RunState>,
    told: &mut usize,
    sum: &mut v1::RunFinished,
) -> (Vec<Event>, bool) {
    let state = run.borrow_and_update();
    let mut news = Vec::new();
    for (source, progress) in &state.reading {
        news.push(Event::Progress(messages::progress(
            source.clone(),
            *progress,
        )));
    }
    for outcome in &state.outcomes[*told..] {
        messages::count(sum, outcome);
        news.push(Event::Outcome(messages::outcome(outcome.clone())));
    }
    *told = state.outcomes.len();
    (news, state.is_done)
}

async fn list_sources(engine: &Engine) -> Result<v1::ListSourcesResponse, UpdateError> {
    let feeds = engine.catalog.feeds().map(|feed| v1::Feed {
        name: feed.name().to_owned(),
        description: feed.feed.about().description.to_owned(),
        upstream: feed.root.to_string(),
        enabled: feed.is_enabled(),
        next_run_at: engine.next_run(feed.name()).map(to_timestamp),
    });
    let feeds = feeds.collect();
    let mut newest = HashMap::new();
    for kind in [SourceKind::Vulnerability, SourceKind::Enrichment] {
        for operation in engine.store.operations(kind, true).await? {
            newest.insert(operation.source.clone(), operation);
        }
    }
    let sources = engine.store.sources().await?.into_iter().map(|status| {
        let operation = newest.remove(&status.name);
        messages::source(status, operation)
    });
    Ok(v1::ListSourcesResponse {
        feeds,
        sources: sources.collect(),
    })
}
