//! An updater with one source.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use clair_rpc::conversion::InvalidField;
use clair_rpc::proto::updater::v1::run_update_response::Event;
use clair_rpc::proto::updater::v1::updater_server::Updater as Interface;
use clair_rpc::proto::updater::v1::{
    ExportDatabaseRequest, ExportDatabaseResponse, Feed, ImportDatabaseRequest,
    ImportDatabaseResponse, ListSourcesRequest, ListSourcesResponse, RunFinished, RunStarted,
    RunUpdateRequest, RunUpdateResponse, Source, SourceOutcome, SourceProgress, SourceResult,
};
use clair_rpc::{Error, ErrorCode};
use futures::stream::{self, BoxStream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

use super::suite::Calls;

#[derive(Debug, Clone)]
pub(crate) struct Updater {
    calls: Calls,
    runs: Arc<Mutex<Vec<RunUpdateRequest>>>,
    imported: Arc<Mutex<Vec<u8>>>,
}

impl Updater {
    pub(crate) fn new(calls: Calls) -> Self {
        Self {
            calls,
            runs: Arc::default(),
            imported: Arc::default(),
        }
    }

    /// What it was last told to update.
    pub(crate) fn run(&self) -> RunUpdateRequest {
        self.runs.lock().unwrap().last().unwrap().clone()
    }

    /// The archive that it was given.
    pub(crate) fn imported(&self) -> Vec<u8> {
        self.imported.lock().unwrap().clone()
    }
}

fn outcome() -> SourceOutcome {
    SourceOutcome {
        source: "debian/updater".to_owned(),
        result: SourceResult::Failed.into(),
        operation: None,
        skipped: BTreeMap::from([("no package".to_owned(), 3)]),
        error: Some(Error::new(ErrorCode::Unavailable, "connection refused").into()),
        elapsed: Some(prost_types::Duration {
            seconds: 1,
            nanos: 500_000_000,
        }),
    }
}

#[tonic::async_trait]
impl Interface for Updater {
    type RunUpdateStream = BoxStream<'static, Result<RunUpdateResponse, Status>>;
    type ExportDatabaseStream = BoxStream<'static, Result<ExportDatabaseResponse, Status>>;

    async fn run_update(
        &self,
        request: Request<RunUpdateRequest>,
    ) -> Result<Response<Self::RunUpdateStream>, Status> {
        self.calls.begin("RunUpdate").await?;
        let request = request.into_inner();
        if request.only.iter().any(|only| only != "debian") {
            let error = InvalidField::new("only", "names a feed that is not in use");
            return Err(Error::from(error).into());
        }
        self.runs.lock().unwrap().push(request);
        let events = [
            Event::Started(RunStarted {
                feeds: vec!["debian".to_owned()],
            }),
            Event::Progress(SourceProgress {
                source: "debian/updater".to_owned(),
                read_bytes: 10,
                total_bytes: 20,
                advisories: 1,
            }),
            Event::Outcome(outcome()),
            Event::Finished(RunFinished {
                failed: 1,
                ..RunFinished::default()
            }),
        ];
        let events = events.map(|event| Ok(RunUpdateResponse { event: Some(event) }));
        Ok(Response::new(stream::iter(events).boxed()))
    }

    async fn list_sources(
        &self,
        _: Request<ListSourcesRequest>,
    ) -> Result<Response<ListSourcesResponse>, Status> {
        self.calls.begin("ListSources").await?;
        Ok(Response::new(ListSourcesResponse {
            feeds: vec![Feed {
                name: "debian".to_owned(),
                description: "Debian".to_owned(),
                upstream: "https://security-tracker.debian.org/".to_owned(),
                enabled: true,
                next_run_at: None,
            }],
            sources: vec![Source {
                name: "debian/updater".to_owned(),
                feed: "debian".to_owned(),
                last_success_at: Some(prost_types::Timestamp {
                    seconds: 1_735_689_600,
                    nanos: 0,
                }),
                advisories: 3,
                ..Source::default()
            }],
        }))
    }

    async fn export_database(
        &self,
        request: Request<ExportDatabaseRequest>,
    ) -> Result<Response<Self::ExportDatabaseStream>, Status> {
        self.calls.begin("ExportDatabase").await?;
        let chunks = match request.into_inner().only.as_slice() {
            [] => vec![&b"arch"[..], b"ive"],
            [one] if one == "debian" => vec![&b"part"[..]],
            _ => {
                // As the updater does it: told in the stream.
                let error = InvalidField::new("only", "names a feed that is not in use");
                let error = Err(Error::from(error).into());
                return Ok(Response::new(stream::iter([error]).boxed()));
            }
        };
        let chunks = chunks.into_iter().map(|chunk| {
            Ok(ExportDatabaseResponse {
                chunk: bytes::Bytes::from_static(chunk),
            })
        });
        Ok(Response::new(
            stream::iter(chunks.collect::<Vec<_>>()).boxed(),
        ))
    }

    async fn import_database(
        &self,
        request: Request<Streaming<ImportDatabaseRequest>>,
    ) -> Result<Response<ImportDatabaseResponse>, Status> {
        self.calls.begin("ImportDatabase").await?;
        let mut chunks = request.into_inner();
        let mut archive = Vec::new();
        while let Some(message) = chunks.message().await? {
            assert!(message.chunk.len() <= 1 << 20);
            archive.extend_from_slice(&message.chunk);
            if archive.starts_with(b"bad") {
                return Err(Error::new(ErrorCode::InvalidArgument, "it is no archive").into());
            }
        }
        *self.imported.lock().unwrap() = archive;
        Ok(Response::new(ImportDatabaseResponse {
            outcomes: vec![outcome()],
        }))
    }
}
