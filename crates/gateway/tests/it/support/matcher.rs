//! A matcher that finds the same vulnerability in every image of the indexer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use clair_model::Severity;
use clair_rpc::proto::matcher::v1::affected_by_advisories_request::Selection;
use clair_rpc::proto::matcher::v1::batch_get_vulnerability_reports_response::Outcome;
use clair_rpc::proto::matcher::v1::get_vulnerability_report_request::Image;
use clair_rpc::proto::matcher::v1::get_vulnerability_report_response::Report;
use clair_rpc::proto::matcher::v1::matcher_server::Matcher as Interface;
use clair_rpc::proto::matcher::v1::{
    AffectedByAdvisoriesRequest, AffectedByAdvisoriesResponse, AffectedManifest, AffectedPackage,
    BatchGetVulnerabilityReportsRequest, BatchGetVulnerabilityReportsResponse,
    DeleteUpdateOperationRequest, DeleteUpdateOperationResponse, GetStatusRequest,
    GetStatusResponse, GetUpdateDiffRequest, GetUpdateDiffResponse, GetVulnerabilityReportRequest,
    GetVulnerabilityReportResponse, ListAffectedManifestsRequest, ListAffectedManifestsResponse,
    ListUpdateOperationsRequest, ListUpdateOperationsResponse, SourceStatus,
};
use clair_rpc::proto::model::v1::{self, UpdateKind, UpdateOperation};
use clair_rpc::{Error, ErrorCode};
use futures::stream::{self, BoxStream, StreamExt as _};
use tonic::{Request, Response, Status};

use super::documents::{digest, vulnerability, vulnerability_report};
use super::suite::Calls;

/// The newest update operation, and the one before.
pub(crate) const NEWEST: &str = "01932d7c-0000-7000-8000-000000000002";
pub(crate) const OLDER: &str = "01932d7c-0000-7000-8000-000000000001";

#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    calls: Calls,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    manifests: BTreeSet<String>,
    report_size: usize,
    asked: Vec<v1::Vulnerability>,
    breaks: bool,
}

impl Matcher {
    pub(crate) fn new(calls: Calls) -> Self {
        Self {
            calls,
            known: Arc::default(),
        }
    }

    pub(crate) fn know(&self, manifest: &impl ToString) {
        self.known
            .lock()
            .unwrap()
            .manifests
            .insert(manifest.to_string());
    }

    /// Makes reports so large.
    pub(crate) fn pad(&self, bytes: usize) {
        self.known.lock().unwrap().report_size = bytes;
    }

    /// Lets streams break off in the middle.
    pub(crate) fn break_off(&self) {
        self.known.lock().unwrap().breaks = true;
    }

    /// What it was last asked about.
    pub(crate) fn asked(&self) -> Vec<v1::Vulnerability> {
        self.known.lock().unwrap().asked.clone()
    }

    fn report(&self, manifest: &str) -> Result<Vec<u8>, Error> {
        let known = self.known.lock().unwrap();
        if !known.manifests.contains(manifest) {
            return Err(Error::new(ErrorCode::NotFound, "manifest is not indexed"));
        }
        let mut report = vulnerability_report(&manifest.parse().unwrap());
        for vulnerability in report.vulnerabilities.values_mut() {
            vulnerability.description += &"x".repeat(known.report_size);
        }
        Ok(serde_json::to_vec(&report).unwrap())
    }

    fn broken(&self) -> Option<Status> {
        let breaks = self.known.lock().unwrap().breaks;
        breaks.then(|| Error::new(ErrorCode::Aborted, "the database went away").into())
    }
}

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = BoxStream<'static, Result<T, Status>>;

fn operation(reference: &str, second: i64) -> UpdateOperation {
    UpdateOperation {
        r#ref: reference.to_owned(),
        source: "debian/updater".to_owned(),
        fingerprint: "Wed, 01 Jan 2025 00:00:00 GMT".to_owned(),
        created_at: Some(prost_types::Timestamp {
            seconds: 1_735_689_600 + second,
            nanos: 0,
        }),
        kind: UpdateKind::Vulnerability.into(),
        added: 2,
        removed: 1,
    }
}

#[tonic::async_trait]
impl Interface for Matcher {
    type BatchGetVulnerabilityReportsStream = Answers<BatchGetVulnerabilityReportsResponse>;
    type AffectedByAdvisoriesStream = Answers<AffectedByAdvisoriesResponse>;
    type GetUpdateDiffStream = Answers<GetUpdateDiffResponse>;

    async fn get_vulnerability_report(
        &self,
        request: Request<GetVulnerabilityReportRequest>,
    ) -> Answer<GetVulnerabilityReportResponse> {
        self.calls.begin("GetVulnerabilityReport").await?;
        let Some(Image::ManifestDigest(manifest)) = request.into_inner().image else {
            unreachable!("the gateway has no index reports")
        };
        Ok(Response::new(GetVulnerabilityReportResponse {
            report: Some(Report::Json(self.report(&manifest)?.into())),
            generation: String::new(),
        }))
    }

    async fn batch_get_vulnerability_reports(
        &self,
        request: Request<BatchGetVulnerabilityReportsRequest>,
    ) -> Answer<Self::BatchGetVulnerabilityReportsStream> {
        self.calls.begin("BatchGetVulnerabilityReports").await?;
        let digests = request.into_inner().manifest_digests;
        let mut answers: Vec<_> = digests
            .into_iter()
            .map(|manifest_digest| {
                let outcome = match self.report(&manifest_digest) {
                    Ok(json) => Outcome::Json(json.into()),
                    Err(error) => Outcome::Error(error.into()),
                };
                Ok(BatchGetVulnerabilityReportsResponse {
                    manifest_digest,
                    outcome: Some(outcome),
                    generation: String::new(),
                })
            })
            .collect();
        answers.extend(self.broken().map(Err));
        Ok(Response::new(stream::iter(answers).boxed()))
    }

    async fn list_affected_manifests(
        &self,
        request: Request<ListAffectedManifestsRequest>,
    ) -> Answer<ListAffectedManifestsResponse> {
        self.calls.begin("ListAffectedManifests").await?;
        let request = request.into_inner();
        if request.vulnerability != "CVE-2024-0001" {
            return Err(Error::new(ErrorCode::NotFound, "no source knows it").into());
        }
        let number = match request.page_token.as_str() {
            "" => 1,
            "second" => 2,
            _ => {
                let error = clair_rpc::conversion::InvalidField::new("page_token", "is none");
                return Err(Error::from(error).into());
            }
        };
        let package = AffectedPackage {
            name: "libssl3".to_owned(),
            version: "3.0.11-1".to_owned(),
            arch: "amd64".to_owned(),
            vulnerability_ids: vec![1],
        };
        Ok(Response::new(ListAffectedManifestsResponse {
            manifests: vec![AffectedManifest {
                manifest_digest: digest(number).to_string(),
                packages: vec![package],
            }],
            vulnerabilities: BTreeMap::from([(1, vulnerability("1", Severity::High).into())]),
            next_page_token: if number == 1 { "second" } else { "" }.to_owned(),
        }))
    }

    async fn affected_by_advisories(
        &self,
        request: Request<AffectedByAdvisoriesRequest>,
    ) -> Answer<Self::AffectedByAdvisoriesStream> {
        self.calls.begin("AffectedByAdvisories").await?;
        let Some(Selection::Vulnerabilities(given)) = request.into_inner().selection else {
            unreachable!("the gateway knows no differences")
        };
        self.known.lock().unwrap().asked = given.vulnerabilities;
        let answer = |id: &str, severity, manifests: &[u8]| {
            Ok(AffectedByAdvisoriesResponse {
                vulnerability: Some(vulnerability(id, severity).into()),
                manifest_digests: manifests
                    .iter()
                    .map(|one| digest(*one).to_string())
                    .collect(),
                ..AffectedByAdvisoriesResponse::default()
            })
        };
        let answers = [
            answer("1", Severity::Low, &[1, 2]),
            answer("2", Severity::Critical, &[1]),
            answer("1", Severity::Low, &[3]),
        ];
        Ok(Response::new(stream::iter(answers).boxed()))
    }

    async fn get_status(&self, _: Request<GetStatusRequest>) -> Answer<GetStatusResponse> {
        self.calls.begin("GetStatus").await?;
        Ok(Response::new(GetStatusResponse {
            loaded: true,
            generation: "g1".to_owned(),
            sources: vec![SourceStatus {
                name: "debian/updater".to_owned(),
                feed: "debian".to_owned(),
                current_ref: NEWEST.to_owned(),
                latest_ref: NEWEST.to_owned(),
                advisories: 3,
                ..SourceStatus::default()
            }],
        }))
    }

    async fn list_update_operations(
        &self,
        request: Request<ListUpdateOperationsRequest>,
    ) -> Answer<ListUpdateOperationsResponse> {
        self.calls.begin("ListUpdateOperations").await?;
        let request = request.into_inner();
        let mut operations = match request.kind() {
            UpdateKind::Enrichment => Vec::new(),
            _ => vec![operation(NEWEST, 1), operation(OLDER, 0)],
        };
        if request.latest {
            operations.truncate(1);
        }
        Ok(Response::new(ListUpdateOperationsResponse {
            operations,
            latest_ref: NEWEST.to_owned(),
        }))
    }

    async fn delete_update_operation(
        &self,
        request: Request<DeleteUpdateOperationRequest>,
    ) -> Answer<DeleteUpdateOperationResponse> {
        self.calls.begin("DeleteUpdateOperation").await?;
        if request.into_inner().r#ref == NEWEST {
            return Err(Error::new(ErrorCode::FailedPrecondition, "it is the newest").into());
        }
        Ok(Response::new(DeleteUpdateOperationResponse {
            deleted: true,
        }))
    }

    async fn get_update_diff(
        &self,
        request: Request<GetUpdateDiffRequest>,
    ) -> Answer<Self::GetUpdateDiffStream> {
        self.calls.begin("GetUpdateDiff").await?;
        let request = request.into_inner();
        if request.current_ref != NEWEST {
            return Err(Error::new(ErrorCode::NotFound, "no such operation").into());
        }
        let has_previous = !request.previous_ref.is_empty();
        let head = GetUpdateDiffResponse {
            current: Some(operation(NEWEST, 1)),
            previous: has_previous.then(|| operation(OLDER, 0)),
            ..GetUpdateDiffResponse::default()
        };
        let added = |id: &str| GetUpdateDiffResponse {
            added: vec![vulnerability(id, Severity::High).into()],
            ..GetUpdateDiffResponse::default()
        };
        let removed = GetUpdateDiffResponse {
            removed: vec![vulnerability("9", Severity::Low).into()],
            ..GetUpdateDiffResponse::default()
        };
        let mut parts = vec![Ok(head), Ok(added("1")), Ok(added("2"))];
        parts.extend(self.broken().map(Err));
        if has_previous {
            parts.push(Ok(removed));
        }
        Ok(Response::new(stream::iter(parts).boxed()))
    }
}
