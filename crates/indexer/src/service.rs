//! `clair.indexer.v1.Indexer`.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use clair_inventory::AnalyzerId;
use clair_model::{Digest, Manifest, PackageKind};
use clair_rpc::conversion::{InvalidField, digest, required};
use clair_rpc::proto::indexer::v1::get_index_report_response::Report;
use clair_rpc::proto::indexer::v1::indexer_server::Indexer as Interface;
use clair_rpc::proto::indexer::v1::replay_dead_letters_request::Selection;
use clair_rpc::proto::indexer::v1::{
    AffectedManifest, AffectedManifestsRequest, AffectedManifestsResponse, Analyzer,
    DeleteManifestsRequest, DeleteManifestsResponse, EnqueueOutcome, EnqueueRequest,
    EnqueueResponse, FindPackagesRequest, FindPackagesResponse, GetIndexReportRequest,
    GetIndexReportResponse, GetIndexStateRequest, GetIndexStateResponse, IndexRequest,
    IndexResponse, IndexedPackage, IndexedPackageKey, ListDeadLettersRequest,
    ListDeadLettersResponse, ReplayDeadLettersRequest, ReplayDeadLettersResponse,
};
use clair_rpc::proto::model::v1;
use clair_rpc::{Error as RpcError, ErrorCode};
use clair_store::{PackageKey, Store, StoredReport};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::error::Failure;
use crate::indexer::Indexer;
use crate::layers::blocking;
use crate::queue::Queue;
use crate::stream::{Call, known, without_content};
use crate::{Limits, fetch, metrics};

/// Elements of one message of a stream.
const PART: usize = 500;

/// Messages that wait for a slow caller.
const BUFFERED: usize = 2;

/// The service.
#[derive(Debug)]
pub(crate) struct Service {
    indexer: Arc<Indexer>,
    queue: Option<Queue>,
    analyzers: Vec<AnalyzerId>,
    requests: Option<Arc<Semaphore>>,
    max_layers: usize,
}

type Answer<T> = Result<Response<T>, Status>;
type Parts<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Service {
    pub(crate) fn new(
        indexer: Arc<Indexer>,
        queue: Option<Queue>,
        analyzers: Vec<AnalyzerId>,
        limits: &Limits,
    ) -> Self {
        let requests = limits.concurrent_requests;
        Self {
            indexer,
            queue,
            analyzers,
            requests: requests.map(|count| Arc::new(Semaphore::new(count))),
            max_layers: limits.layers,
        }
    }

    fn state(&self) -> String {
        self.indexer.state.to_string()
    }

    fn queue(&self) -> Result<&Queue, RpcError> {
        let none = || {
            RpcError::new(
                ErrorCode::Unimplemented,
                "this indexer has no queue of work",
            )
        };
        self.queue.as_ref().ok_or_else(none)
    }

    fn store(&self) -> &Store {
        &self.indexer.store
    }

    fn manifest(&self, message: Option<v1::Manifest>) -> Result<Manifest, InvalidField> {
        let manifest: Manifest = required("manifest", message)?;
        let count = manifest.layers.len();
        if count > self.max_layers {
            let reason = format!(
                "{count} layers, and at most {} are indexed",
                self.max_layers
            );
            return Err(InvalidField::new("manifest.layers", reason));
        }
        for (index, layer) in manifest.layers.iter().enumerate() {
            fetch::check(layer).map_err(|(field, error)| {
                InvalidField::new(&format!("manifest.layers[{index}].{field}"), error)
            })?;
        }
        Ok(manifest)
    }

    async fn stored(&self, manifest: &Digest) -> Result<Option<StoredReport>, RpcError> {
        let stored = self.store().index_report(manifest).await;
        stored.map_err(failed)
    }

    /// What is to be said of a manifest that has no report.
    async fn unfinished(&self, manifest: Digest) -> Result<clair_model::IndexReport, RpcError> {
        let status = self
            .store()
            .manifest_status(&manifest)
            .await
            .map_err(failed)?;
        let status = status.ok_or_else(|| {
            RpcError::new(
                ErrorCode::NotFound,
                format!("manifest {manifest} is not indexed"),
            )
        })?;
        Ok(without_content(manifest, status.state, &status.error))
    }
}

#[tonic::async_trait]
impl Interface for Service {
    type IndexStream = Parts<IndexResponse>;
    type FindPackagesStream = Parts<FindPackagesResponse>;
    type AffectedManifestsStream = Parts<AffectedManifestsResponse>;

    async fn index(&self, request: Request<IndexRequest>) -> Answer<Self::IndexStream> {
        let manifest = self
            .manifest(request.into_inner().manifest)
            .map_err(RpcError::from)?;
        let permit = match &self.requests {
            None => None,
            Some(requests) => Some(Arc::clone(requests).try_acquire_owned().map_err(|_| {
                metrics::request_refused();
                RpcError::new(
                    ErrorCode::ResourceExhausted,
                    "too many images are being indexed",
                )
                .after(Duration::from_secs(1))
            })?),
        };
        let current = self.indexer.current_report(&manifest.hash).await;
        if let Some(report) = current.map_err(|failure| RpcError::of(&failure))? {
            metrics::manifest_known();
            let outcome = Ok(known(report, &self.indexer.state));
            return Ok(Response::new(Box::pin(futures::stream::iter([outcome]))));
        }
        let call = Call::begin(Arc::clone(&self.indexer), manifest, permit);
        Ok(Response::new(Box::pin(call.events())))
    }

    async fn enqueue(&self, request: Request<EnqueueRequest>) -> Answer<EnqueueResponse> {
        let queue = self.queue()?;
        let request = request.into_inner();
        let priority = request.priority();
        let manifest = self.manifest(request.manifest).map_err(RpcError::from)?;
        let current = self.indexer.current_report(&manifest.hash).await;
        let outcome = match current.map_err(|failure| RpcError::of(&failure))? {
            Some(_) => EnqueueOutcome::AlreadyIndexed,
            None => queue.push(manifest, priority).await?,
        };
        Ok(Response::new(EnqueueResponse {
            outcome: outcome.into(),
            indexer_state: self.state(),
        }))
    }

    async fn get_index_report(
        &self,
        request: Request<GetIndexReportRequest>,
    ) -> Answer<GetIndexReportResponse> {
        let request = request.into_inner();
        let is_json = request.format() == v1::ReportFormat::Json;
        let manifest = parsed("manifest_digest", &request.manifest_digest)?;
        let stored = self.stored(&manifest).await?;
        let current = stored
            .as_ref()
            .is_some_and(|one| *one.analyzers == *self.indexer.state);
        let report = match stored {
            Some(stored) if is_json => Report::Json(stored.json.into()),
            Some(stored) => {
                let report = blocking(move || stored.report()).await;
                let report = report.and_then(|report| report.map_err(Failure::from));
                Report::Message(report.map_err(|failure| RpcError::of(&failure))?.into())
            }
            None => {
                let report = self.unfinished(manifest).await?;
                if is_json {
                    let json = serde_json::to_vec(&report);
                    Report::Json(json.map_err(|error| RpcError::internal(&error))?.into())
                } else {
                    Report::Message(report.into())
                }
            }
        };
        Ok(Response::new(GetIndexReportResponse {
            report: Some(report),
            indexer_state: self.state(),
            current,
        }))
    }

    async fn get_index_state(
        &self,
        _request: Request<GetIndexStateRequest>,
    ) -> Answer<GetIndexStateResponse> {
        let analyzers = self.analyzers.iter();
        Ok(Response::new(GetIndexStateResponse {
            indexer_state: self.state(),
            analyzers: analyzers
                .map(|id| Analyzer {
                    name: id.name.to_owned(),
                    version: id.version,
                })
                .collect(),
        }))
    }

    async fn delete_manifests(
        &self,
        request: Request<DeleteManifestsRequest>,
    ) -> Answer<DeleteManifestsResponse> {
        let texts = request.into_inner().manifest_digests;
        let digests = texts.iter().enumerate();
        let digests = digests
            .map(|(index, text)| parsed(&format!("manifest_digests[{index}]"), text))
            .collect::<Result<Vec<Digest>, RpcError>>()?;
        let deleted = self
            .store()
            .delete_manifests(&digests)
            .await
            .map_err(failed)?;
        tracing::info!(
            asked = digests.len(),
            deleted = deleted.len(),
            "manifests deleted"
        );
        Ok(Response::new(DeleteManifestsResponse {
            deleted_digests: deleted.iter().map(Digest::to_string).collect(),
        }))
    }

    async fn find_packages(
        &self,
        request: Request<FindPackagesRequest>,
    ) -> Answer<Self::FindPackagesStream> {
        let names = request.into_inner().names.into_iter().enumerate();
        let names = names
            .map(
                |(index, name)| match Option::<PackageKind>::from(name.kind()) {
                    Some(kind) => Ok((kind, name.name)),
                    None => Err(InvalidField::new(
                        &format!("names[{index}].kind"),
                        "is unspecified",
                    )),
                },
            )
            .collect::<Result<Vec<_>, _>>()
            .map_err(RpcError::from)?;
        let store = self.store().clone();
        let (sender, parts) = mpsc::channel(BUFFERED);
        tokio::spawn(async move {
            let names: Vec<_> = names
                .iter()
                .map(|(kind, name)| (*kind, name.as_str()))
                .collect();
            let found = store.find_packages(&names);
            let part = |packages| FindPackagesResponse { packages };
            send_parts(found, package_message, part, &sender).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(parts))))
    }

    async fn affected_manifests(
        &self,
        request: Request<AffectedManifestsRequest>,
    ) -> Answer<Self::AffectedManifestsStream> {
        let request = request.into_inner();
        let after = match request.after_manifest_digest.as_str() {
            "" => None,
            text => Some(parsed("after_manifest_digest", text)?),
        };
        let limit = (request.limit > 0).then_some(request.limit);
        // A number that no package has finds nothing.
        let key = |key: &IndexedPackageKey| PackageKey(key.package_id.try_into().unwrap_or(-1));
        let packages: Vec<PackageKey> = request.packages.iter().map(key).collect();
        let store = self.store().clone();
        let (sender, parts) = mpsc::channel(BUFFERED);
        tokio::spawn(async move {
            let found = store.affected_manifests(&packages, after.as_ref(), limit);
            let part = |manifests| AffectedManifestsResponse { manifests };
            send_parts(found, manifest_message, part, &sender).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(parts))))
    }

    async fn list_dead_letters(
        &self,
        request: Request<ListDeadLettersRequest>,
    ) -> Answer<ListDeadLettersResponse> {
        let ListDeadLettersRequest {
            page_size,
            page_token,
        } = request.into_inner();
        let page = self.queue()?.dead_letters(page_size, &page_token).await?;
        Ok(Response::new(page))
    }

    async fn replay_dead_letters(
        &self,
        request: Request<ReplayDeadLettersRequest>,
    ) -> Answer<ReplayDeadLettersResponse> {
        let ids = match request.into_inner().selection {
            Some(Selection::Ids(ids)) => Some(ids.ids),
            Some(Selection::All(true)) => None,
            Some(Selection::All(false)) => return Err(invalid("all", "must be true")),
            None => return Err(invalid("selection", "is missing")),
        };
        Ok(Response::new(self.queue()?.replay(ids).await?))
    }
}

fn invalid(field: &str, reason: &str) -> Status {
    RpcError::from(InvalidField::new(field, reason)).into()
}

/// Passes on what the database sends, until the caller has gone.
async fn send_parts<T, E, M>(
    found: BoxStream<'_, Result<T, clair_store::Error>>,
    element: impl Fn(T) -> E,
    message: impl Fn(Vec<E>) -> M,
    sender: &mpsc::Sender<Result<M, Status>>,
) {
    let mut chunks = found.chunks(PART);
    while let Some(chunk) = chunks.next().await {
        let elements = chunk.into_iter().map(|one| one.map(&element));
        let elements: Result<Vec<E>, _> = elements.collect();
        let part = elements
            .map(&message)
            .map_err(|error| Status::from(failed(error)));
        let is_last = part.is_err();
        if sender.send(part).await.is_err() || is_last {
            return;
        }
    }
}

fn package_message(found: clair_store::IndexedPackage) -> IndexedPackage {
    let distribution = found.distribution.map(|distribution| {
        clair_model::ReportDistribution {
            id: String::new(),
            distribution,
        }
        .into()
    });
    IndexedPackage {
        key: Some(IndexedPackageKey {
            package_id: found.key.0.try_into().unwrap_or_default(),
            distribution_id: 0,
        }),
        package: Some(found.package.into()),
        distribution,
    }
}

fn manifest_message(found: clair_store::AffectedManifest) -> AffectedManifest {
    let packages = found.packages.into_iter();
    AffectedManifest {
        manifest_digest: found.manifest.to_string(),
        packages: packages
            .filter_map(|position| position.try_into().ok())
            .collect(),
    }
}

fn parsed(field: &str, text: &str) -> Result<Digest, RpcError> {
    digest(field, text).map_err(RpcError::from)
}

fn failed(error: clair_store::Error) -> RpcError {
    RpcError::of(&Failure::from(error))
}
