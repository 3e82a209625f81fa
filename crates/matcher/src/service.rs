//! The gRPC interface.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clair_model::Digest;
use clair_rpc::Error;
use clair_rpc::conversion::{self, InvalidField, to_timestamp};
use clair_rpc::proto::matcher::v1::affected_by_advisories_request::Selection;
use clair_rpc::proto::matcher::v1::batch_get_vulnerability_reports_response::Outcome;
use clair_rpc::proto::matcher::v1::get_vulnerability_report_request::Image;
use clair_rpc::proto::matcher::v1::get_vulnerability_report_response::Report;
use clair_rpc::proto::matcher::v1::matcher_server::Matcher;
use clair_rpc::proto::matcher::v1::{
    AffectedByAdvisoriesRequest, AffectedByAdvisoriesResponse, BatchGetVulnerabilityReportsRequest,
    BatchGetVulnerabilityReportsResponse, DeleteUpdateOperationRequest,
    DeleteUpdateOperationResponse, GetStatusRequest, GetStatusResponse, GetUpdateDiffRequest,
    GetUpdateDiffResponse, GetVulnerabilityReportRequest, GetVulnerabilityReportResponse,
    ListAffectedManifestsRequest, ListAffectedManifestsResponse, ListUpdateOperationsRequest,
    ListUpdateOperationsResponse, SourceStatus,
};
use clair_rpc::proto::model::v1::ReportFormat;
use clair_store::{Operation, Store};
use clair_vulndb::SourceInfo;
use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use tonic::{Request, Response, Status};

use crate::affected::{self, Question};
use crate::database::{self, Database};
use crate::follow::Latest;
use crate::generation::{self, Generations};
use crate::operations;
use crate::report::{Document, Reporter};

/// Manifests of one batch.
const LARGEST_BATCH: usize = 1_000;

/// How long to wait for a new generation before looking whether one is needed still.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What answers the calls.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) reporter: Reporter,
    pub(crate) generations: Arc<Generations>,
    pub(crate) latest: Arc<Latest>,
    pub(crate) database: Arc<Database>,
    /// A directory for databases that live as long as a question.
    pub(crate) scratch: Arc<Path>,
}

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = BoxStream<'static, Result<T, Status>>;

#[tonic::async_trait]
impl Matcher for Service {
    async fn get_vulnerability_report(
        &self,
        request: Request<GetVulnerabilityReportRequest>,
    ) -> Answer<GetVulnerabilityReportResponse> {
        Ok(Response::new(self.report(request.into_inner()).await?))
    }

    type BatchGetVulnerabilityReportsStream = Answers<BatchGetVulnerabilityReportsResponse>;

    async fn batch_get_vulnerability_reports(
        &self,
        request: Request<BatchGetVulnerabilityReportsRequest>,
    ) -> Answer<Self::BatchGetVulnerabilityReportsStream> {
        Ok(Response::new(self.batch(&request.into_inner())?))
    }

    async fn list_affected_manifests(
        &self,
        request: Request<ListAffectedManifestsRequest>,
    ) -> Answer<ListAffectedManifestsResponse> {
        let database = self.generations.loaded()?;
        let store = self.database.get()?;
        let limiter = &self.reporter.limiter;
        let page = affected::list(store, limiter, database, request.into_inner()).await?;
        Ok(Response::new(page))
    }

    type AffectedByAdvisoriesStream = Answers<AffectedByAdvisoriesResponse>;

    async fn affected_by_advisories(
        &self,
        request: Request<AffectedByAdvisoriesRequest>,
    ) -> Answer<Self::AffectedByAdvisoriesStream> {
        Ok(Response::new(self.affected(request.into_inner()).await?))
    }

    async fn get_status(&self, _: Request<GetStatusRequest>) -> Answer<GetStatusResponse> {
        Ok(Response::new(self.status()))
    }

    async fn list_update_operations(
        &self,
        request: Request<ListUpdateOperationsRequest>,
    ) -> Answer<ListUpdateOperationsResponse> {
        let request = request.into_inner();
        let operations = operations::list(self.database.get()?, request.kind(), request.latest);
        Ok(Response::new(operations.await?))
    }

    async fn delete_update_operation(
        &self,
        request: Request<DeleteUpdateOperationRequest>,
    ) -> Answer<DeleteUpdateOperationResponse> {
        let reference = request.into_inner().r#ref;
        Ok(Response::new(
            operations::delete(self.database.get()?, &reference).await?,
        ))
    }

    type GetUpdateDiffStream = Answers<GetUpdateDiffResponse>;

    async fn get_update_diff(
        &self,
        request: Request<GetUpdateDiffRequest>,
    ) -> Answer<Self::GetUpdateDiffStream> {
        let request = request.into_inner();
        let store = self.database.get()?;
        let difference =
            operations::difference(store, &request.current_ref, &request.previous_ref).await?;
        let limiter = self.reporter.limiter.clone();
        let parts = operations::parts(store.clone(), limiter, difference);
        Ok(Response::new(parts.map_err(Status::from).boxed()))
    }
}

impl Service {
    async fn report(
        &self,
        request: GetVulnerabilityReportRequest,
    ) -> Result<GetVulnerabilityReportResponse, Error> {
        let format = request.format();
        let image = request
            .image
            .ok_or_else(|| InvalidField::missing("image"))?;
        let database = self.generations.loaded()?;
        let generation = database.identity().to_owned();
        let document = match image {
            Image::ManifestDigest(digest) => {
                let manifest = conversion::digest("manifest_digest", &digest)?;
                self.reporter
                    .of_manifest(database, manifest, format)
                    .await?
            }
            Image::IndexReport(report) => {
                self.reporter
                    .of_index_report(database, report, format)
                    .await?
            }
        };
        let report = match document {
            Document::Message(message) => Report::Message(message),
            Document::Json(json) => Report::Json(json.into()),
        };
        Ok(GetVulnerabilityReportResponse {
            report: Some(report),
            generation,
        })
    }

    fn batch(
        &self,
        request: &BatchGetVulnerabilityReportsRequest,
    ) -> Result<Answers<BatchGetVulnerabilityReportsResponse>, Error> {
        let format: ReportFormat = request.format();
        if request.manifest_digests.len() > LARGEST_BATCH {
            let reason = format!("has more than {LARGEST_BATCH} elements");
            return Err(InvalidField::new("manifest_digests", reason).into());
        }
        let digests = request.manifest_digests.iter().enumerate();
        let mut manifests: Vec<Digest> = digests
            .map(|(index, text)| conversion::digest(&format!("manifest_digests[{index}]"), text))
            .collect::<Result<_, _>>()?;
        manifests.sort_unstable();
        manifests.dedup();
        let database = self.generations.loaded()?;
        let generation = database.identity().to_owned();
        let reports = self
            .reporter
            .clone()
            .of_manifests(database, manifests, format);
        let answers = reports.map(move |(manifest, made)| {
            let outcome = match made {
                Ok(Document::Message(message)) => Outcome::Message(message),
                Ok(Document::Json(json)) => Outcome::Json(json.into()),
                Err(error) => Outcome::Error(error.into()),
            };
            Ok(BatchGetVulnerabilityReportsResponse {
                manifest_digest: manifest.to_string(),
                outcome: Some(outcome),
                generation: generation.clone(),
            })
        });
        Ok(answers.boxed())
    }

    async fn affected(
        &self,
        request: AffectedByAdvisoriesRequest,
    ) -> Result<Answers<AffectedByAdvisoriesResponse>, Error> {
        let selection = request
            .selection
            .ok_or_else(|| InvalidField::missing("selection"))?;
        let store = self.database.get()?;
        let (question, database) = match selection {
            Selection::Difference(asked) => {
                let difference =
                    operations::difference(store, &asked.current_ref, &asked.previous_ref).await?;
                let database = self.as_of(store, &difference.current).await?;
                (Question::Difference(Box::new(difference)), database)
            }
            Selection::Vulnerabilities(given) => (
                Question::Vulnerabilities(given.vulnerabilities),
                self.generations.loaded()?,
            ),
        };
        let limiter = self.reporter.limiter.clone();
        let scratch = Arc::clone(&self.scratch);
        let answers = affected::answers(store.clone(), limiter, database, scratch, question);
        Ok(answers.map_err(Status::from).boxed())
    }

    /// The security data as of an operation, or later. Those who come right after an update have
    /// to wait for it, within their deadline.
    async fn as_of(
        &self,
        store: &Store,
        operation: &Operation,
    ) -> Result<Arc<clair_vulndb::Database>, Error> {
        loop {
            let mut replaced = std::pin::pin!(self.generations.replaced());
            replaced.as_mut().enable();
            let here = self.generations.current().and_then(|database| {
                let here = generation::operation(&database, &operation.source)?;
                Some((database, here))
            });
            if let Some((database, here)) = here {
                let latest = store.source(&operation.source).await;
                let latest = latest.map_err(|error| database::error(&error))?;
                let latest = latest.and_then(|source| source.operation);
                if here == operation.reference || Some(here) == latest {
                    return Ok(database);
                }
            }
            self.latest.look();
            let _ = tokio::time::timeout(LOOK_AGAIN, replaced).await;
        }
    }

    fn status(&self) -> GetStatusResponse {
        let database = self.generations.current();
        let latest = self.latest.sources();
        let copied = database
            .as_ref()
            .map_or(&[][..], |database| database.sources());
        let mut sources: Vec<SourceStatus> = copied.iter().map(status).collect();
        for source in latest.iter() {
            let reference = source.operation.map(|operation| operation.to_string());
            let reference = reference.unwrap_or_default();
            let known = sources.binary_search_by(|known| known.name.cmp(&source.name));
            match known {
                Ok(index) => sources[index].latest_ref = reference,
                Err(index) => sources.insert(
                    index,
                    SourceStatus {
                        name: source.name.clone(),
                        feed: source.feed.clone(),
                        latest_ref: reference,
                        ..SourceStatus::default()
                    },
                ),
            }
        }
        GetStatusResponse {
            loaded: database.is_some(),
            generation: database
                .map(|database| database.identity().to_owned())
                .unwrap_or_default(),
            sources,
        }
    }
}

/// A source as the local copy has it.
fn status(source: &SourceInfo) -> SourceStatus {
    SourceStatus {
        name: source.name.clone(),
        feed: source.feed.clone(),
        current_ref: source.fingerprint.clone(),
        latest_ref: source.fingerprint.clone(),
        advisories: source.advisories + source.enrichments,
        upstream_date: source.upstream.map(to_timestamp),
        checked_at: Some(to_timestamp(source.fetched)),
    }
}
