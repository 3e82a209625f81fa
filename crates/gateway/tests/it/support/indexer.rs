//! An indexer that finds the same in every image.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use clair_model::IndexState;
use clair_rpc::conversion::InvalidField;
use clair_rpc::proto::indexer::v1::get_index_report_response::Report;
use clair_rpc::proto::indexer::v1::index_response::Event;
use clair_rpc::proto::indexer::v1::indexer_server::Indexer as Interface;
use clair_rpc::proto::indexer::v1::{
    AffectedManifestsRequest, AffectedManifestsResponse, Analyzer, DeadLetter,
    DeleteManifestsRequest, DeleteManifestsResponse, EnqueueOutcome, EnqueueRequest,
    EnqueueResponse, FindPackagesRequest, FindPackagesResponse, GetIndexReportRequest,
    GetIndexReportResponse, GetIndexStateRequest, GetIndexStateResponse, IndexFailure,
    IndexOutcome, IndexProgress, IndexRequest, IndexResponse, ListDeadLettersRequest,
    ListDeadLettersResponse, ReplayDeadLettersRequest, ReplayDeadLettersResponse,
};
use clair_rpc::proto::model::v1::{self, ReportFormat};
use clair_rpc::{Error, ErrorCode};
use futures::stream::{self, BoxStream, StreamExt as _};
use tonic::{Request, Response, Status};

use super::documents::index_report;
use super::suite::Calls;

/// The state of the indexer at first.
pub(crate) const STATE: &str = "5d2c9e31b07f4a6885e3aa1c90d2f7b4";

#[derive(Debug, Clone)]
pub(crate) struct Indexer {
    calls: Calls,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug)]
struct Known {
    state: String,
    manifests: BTreeSet<String>,
    submitted: Vec<v1::Manifest>,
    queued: Vec<EnqueueRequest>,
    failure: Option<Error>,
    dead: Vec<DeadLetter>,
}

impl Indexer {
    pub(crate) fn new(calls: Calls) -> Self {
        let known = Known {
            state: STATE.to_owned(),
            manifests: BTreeSet::new(),
            submitted: Vec::new(),
            queued: Vec::new(),
            failure: None,
            dead: Vec::new(),
        };
        Self {
            calls,
            known: Arc::new(Mutex::new(known)),
        }
    }

    /// Lets images turn out not to be indexable.
    pub(crate) fn spoil(&self, code: ErrorCode, message: &str) {
        self.known.lock().unwrap().failure = Some(Error::new(code, message));
    }

    pub(crate) fn change_state(&self, state: &str) {
        self.known.lock().unwrap().state = state.to_owned();
    }

    pub(crate) fn know(&self, manifest: &impl ToString) {
        self.known
            .lock()
            .unwrap()
            .manifests
            .insert(manifest.to_string());
    }

    pub(crate) fn bury(&self, letter: DeadLetter) {
        self.known.lock().unwrap().dead.push(letter);
    }

    pub(crate) fn submitted(&self) -> Vec<v1::Manifest> {
        self.known.lock().unwrap().submitted.clone()
    }

    pub(crate) fn queued(&self) -> Vec<EnqueueRequest> {
        self.known.lock().unwrap().queued.clone()
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl Interface for Indexer {
    type IndexStream = BoxStream<'static, Result<IndexResponse, Status>>;
    type FindPackagesStream = BoxStream<'static, Result<FindPackagesResponse, Status>>;
    type AffectedManifestsStream = BoxStream<'static, Result<AffectedManifestsResponse, Status>>;

    async fn index(&self, request: Request<IndexRequest>) -> Answer<Self::IndexStream> {
        self.calls.begin("Index").await?;
        let manifest = request.into_inner().manifest.unwrap();
        let mut known = self.known.lock().unwrap();
        let mut report = index_report(&manifest.digest.parse().unwrap());
        let failure = known.failure.clone().map(|error| {
            report.state = IndexState::IndexError;
            report.success = false;
            report.err = error.message().to_owned();
            IndexFailure {
                error: Some(error.into()),
                layer_digest: String::new(),
            }
        });
        known.manifests.insert(manifest.digest.clone());
        known.submitted.push(manifest);
        let outcome = IndexOutcome {
            report: Some(report.into()),
            failure,
            indexer_state: known.state.clone(),
        };
        let events = [
            Event::Progress(IndexProgress::default()),
            Event::Outcome(outcome),
        ];
        let events = events.map(|event| Ok(IndexResponse { event: Some(event) }));
        Ok(Response::new(stream::iter(events).boxed()))
    }

    async fn enqueue(&self, request: Request<EnqueueRequest>) -> Answer<EnqueueResponse> {
        self.calls.begin("Enqueue").await?;
        let request = request.into_inner();
        let mut known = self.known.lock().unwrap();
        let digest = &request.manifest.as_ref().unwrap().digest;
        let is_queued = known
            .queued
            .iter()
            .any(|queued| queued.manifest == request.manifest);
        let outcome = match (known.manifests.contains(digest), is_queued) {
            (true, _) => EnqueueOutcome::AlreadyIndexed,
            (false, true) => EnqueueOutcome::AlreadyQueued,
            (false, false) => EnqueueOutcome::Queued,
        };
        known.queued.push(request);
        Ok(Response::new(EnqueueResponse {
            outcome: outcome.into(),
            indexer_state: known.state.clone(),
        }))
    }

    async fn get_index_report(
        &self,
        request: Request<GetIndexReportRequest>,
    ) -> Answer<GetIndexReportResponse> {
        self.calls.begin("GetIndexReport").await?;
        let request = request.into_inner();
        assert_eq!(request.format(), ReportFormat::Json);
        let known = self.known.lock().unwrap();
        if !known.manifests.contains(&request.manifest_digest) {
            return Err(Error::new(ErrorCode::NotFound, "no such manifest").into());
        }
        let report = index_report(&request.manifest_digest.parse().unwrap());
        Ok(Response::new(GetIndexReportResponse {
            report: Some(Report::Json(serde_json::to_vec(&report).unwrap().into())),
            indexer_state: known.state.clone(),
            current: true,
        }))
    }

    async fn get_index_state(
        &self,
        _: Request<GetIndexStateRequest>,
    ) -> Answer<GetIndexStateResponse> {
        self.calls.begin("GetIndexState").await?;
        Ok(Response::new(GetIndexStateResponse {
            indexer_state: self.known.lock().unwrap().state.clone(),
            analyzers: vec![Analyzer {
                name: "dpkg".to_owned(),
                version: 2,
            }],
        }))
    }

    async fn delete_manifests(
        &self,
        request: Request<DeleteManifestsRequest>,
    ) -> Answer<DeleteManifestsResponse> {
        self.calls.begin("DeleteManifests").await?;
        let mut digests = request.into_inner().manifest_digests;
        let mut known = self.known.lock().unwrap();
        digests.retain(|digest| known.manifests.remove(digest));
        Ok(Response::new(DeleteManifestsResponse {
            deleted_digests: digests,
        }))
    }

    async fn find_packages(
        &self,
        _: Request<FindPackagesRequest>,
    ) -> Answer<Self::FindPackagesStream> {
        unreachable!("the gateway does not ask it")
    }

    async fn affected_manifests(
        &self,
        _: Request<AffectedManifestsRequest>,
    ) -> Answer<Self::AffectedManifestsStream> {
        unreachable!("the gateway does not ask it")
    }

    async fn list_dead_letters(
        &self,
        request: Request<ListDeadLettersRequest>,
    ) -> Answer<ListDeadLettersResponse> {
        self.calls.begin("ListDeadLetters").await?;
        let next = match request.into_inner().page_token.as_str() {
            "" => "more",
            "more" => "",
            _ => return Err(Error::from(InvalidField::new("page_token", "is none")).into()),
        };
        Ok(Response::new(ListDeadLettersResponse {
            dead_letters: self.known.lock().unwrap().dead.clone(),
            next_page_token: next.to_owned(),
        }))
    }

    async fn replay_dead_letters(
        &self,
        request: Request<ReplayDeadLettersRequest>,
    ) -> Answer<ReplayDeadLettersResponse> {
        use clair_rpc::proto::indexer::v1::replay_dead_letters_request::Selection;
        self.calls.begin("ReplayDeadLetters").await?;
        let mut known = self.known.lock().unwrap();
        let (chosen, missing_ids) = match request.into_inner().selection.unwrap() {
            Selection::All(all) => {
                assert!(all);
                (
                    known.dead.iter().map(|letter| letter.id).collect(),
                    Vec::new(),
                )
            }
            Selection::Ids(ids) => ids
                .ids
                .into_iter()
                .partition::<Vec<_>, _>(|id| known.dead.iter().any(|letter| letter.id == *id)),
        };
        known.dead.retain(|letter| !chosen.contains(&letter.id));
        Ok(Response::new(ReplayDeadLettersResponse {
            replayed: chosen.len() as u64,
            missing_ids,
        }))
    }
}
