//! A matcher that answers what it is told to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use clair_model::{Algorithm, Digest};
use clair_rpc::proto::matcher::v1 as matcher;
use clair_rpc::proto::matcher::v1::affected_by_advisories_request::Selection;
use clair_rpc::proto::matcher::v1::matcher_server::{Matcher, MatcherServer};
use clair_rpc::proto::matcher::v1::{AffectedByAdvisoriesResponse, Change, SourceStatus};
use clair_rpc::proto::model::v1::{Package, PackageKind, Severity, Vulnerability};
use clair_rpc::{Error, ErrorCode, Server, ServerOptions, Trust};
use clair_store::Operation;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// The digest of an image.
pub(crate) fn digest(number: u32) -> Digest {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Digest::new(Algorithm::Sha256, &bytes).unwrap()
}

/// A statement of high severity that came, and affects images.
pub(crate) fn statement(name: &str, images: &[u32]) -> AffectedByAdvisoriesResponse {
    statements(Change::Added, name, Severity::High, images)
}

pub(crate) fn statements(
    change: Change,
    name: &str,
    severity: Severity,
    images: &[u32],
) -> AffectedByAdvisoriesResponse {
    let vulnerability = Vulnerability {
        id: "1".into(),
        updater: "debian".into(),
        name: name.into(),
        description: format!("About {name}."),
        links: format!("https://example/{name}"),
        severity: "bad".into(),
        normalized_severity: severity.into(),
        package: Some(Package {
            name: "bash".into(),
            kind: PackageKind::Source.into(),
            ..Package::default()
        }),
        fixed_in_version: "5.2".into(),
        ..Vulnerability::default()
    };
    AffectedByAdvisoriesResponse {
        change: change.into(),
        vulnerability: Some(vulnerability),
        manifest_digests: images
            .iter()
            .map(|&image| digest(image).to_string())
            .collect(),
    }
}

/// A matcher on a port of its own.
pub(crate) struct FakeMatcher {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    running: Mutex<CancellationToken>,
}

struct Shared {
    /// The operation of each source that it answers from.
    current: Mutex<HashMap<String, String>>,
    /// What operations changed.
    answers: Mutex<HashMap<String, Vec<AffectedByAdvisoriesResponse>>>,
    /// The operations it was asked to compare: the newer, and the older one.
    asked: Mutex<Vec<(String, String)>>,
    /// Answers are held back while it is false.
    open: watch::Sender<bool>,
}

impl FakeMatcher {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::new(Shared {
                current: Mutex::default(),
                answers: Mutex::default(),
                asked: Mutex::default(),
                open: watch::Sender::new(true),
            }),
            running: Mutex::default(),
        };
        fake.serve(listener);
        fake
    }

    fn serve(&self, listener: TcpListener) {
        let stop = CancellationToken::new();
        let options = ServerOptions {
            grace: std::time::Duration::ZERO,
            ..ServerOptions::new(Trust {
                loopback: true,
                ..Trust::default()
            })
        };
        let service = MatcherServer::new(Service(Arc::clone(&self.shared)));
        let server = Server::new(options).with_service(service);
        tokio::spawn(server.serve(listener, stop.clone().cancelled_owned()));
        *self.running.lock().unwrap() = stop;
    }

    /// Goes away.
    pub(crate) async fn stop(&self) {
        self.running.lock().unwrap().cancel();
        super::eventually(async || TcpListener::bind(self.address).await.is_ok()).await;
    }

    /// Comes back.
    pub(crate) async fn restart(&self) {
        self.serve(TcpListener::bind(self.address).await.unwrap());
    }

    /// Has the matcher answer from an operation.
    pub(crate) fn reach(&self, operation: &Operation) {
        let reference = operation.reference.to_string();
        let mut current = self.shared.current.lock().unwrap();
        current.insert(operation.source.clone(), reference);
    }

    /// Says what an operation changed, from which it answers from now on.
    pub(crate) fn answer(&self, operation: &Operation, parts: Vec<AffectedByAdvisoriesResponse>) {
        let reference = operation.reference.to_string();
        self.shared.answers.lock().unwrap().insert(reference, parts);
        self.reach(operation);
    }

    /// The comparisons that it was asked for.
    pub(crate) fn asked(&self) -> Vec<(String, String)> {
        self.shared.asked.lock().unwrap().clone()
    }

    pub(crate) fn hold(&self) {
        self.shared.open.send_replace(false);
    }

    pub(crate) fn release(&self) {
        self.shared.open.send_replace(true);
    }
}

struct Service(Arc<Shared>);

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = BoxStream<'static, Result<T, Status>>;

fn unimplemented<T>() -> Answer<T> {
    Err(Error::new(ErrorCode::Unimplemented, "no part of this test").into())
}

#[tonic::async_trait]
impl Matcher for Service {
    type AffectedByAdvisoriesStream = Answers<AffectedByAdvisoriesResponse>;

    async fn affected_by_advisories(
        &self,
        request: Request<matcher::AffectedByAdvisoriesRequest>,
    ) -> Answer<Self::AffectedByAdvisoriesStream> {
        let Some(Selection::Difference(difference)) = request.into_inner().selection else {
            panic!("a difference is asked for");
        };
        let current = difference.current_ref.clone();
        self.0
            .asked
            .lock()
            .unwrap()
            .push((difference.current_ref, difference.previous_ref));
        let mut open = self.0.open.subscribe();
        open.wait_for(|open| *open).await.unwrap();
        let parts = self.0.answers.lock().unwrap().get(&current).cloned();
        let parts = parts.unwrap_or_default().into_iter().map(Ok);
        Ok(Response::new(stream::iter(parts).boxed()))
    }

    async fn get_status(
        &self,
        _: Request<matcher::GetStatusRequest>,
    ) -> Answer<matcher::GetStatusResponse> {
        let current = self.0.current.lock().unwrap();
        let sources = current.iter().map(|(name, reference)| SourceStatus {
            name: name.clone(),
            current_ref: reference.clone(),
            ..SourceStatus::default()
        });
        Ok(Response::new(matcher::GetStatusResponse {
            loaded: true,
            sources: sources.collect(),
            ..matcher::GetStatusResponse::default()
        }))
    }

    async fn get_vulnerability_report(
        &self,
        _: Request<matcher::GetVulnerabilityReportRequest>,
    ) -> Answer<matcher::GetVulnerabilityReportResponse> {
        unimplemented()
    }

    type BatchGetVulnerabilityReportsStream =
        Answers<matcher::BatchGetVulnerabilityReportsResponse>;

    async fn batch_get_vulnerability_reports(
        &self,
        _: Request<matcher::BatchGetVulnerabilityReportsRequest>,
    ) -> Answer<Self::BatchGetVulnerabilityReportsStream> {
        unimplemented()
    }

    async fn list_affected_manifests(
        &self,
        _: Request<matcher::ListAffectedManifestsRequest>,
    ) -> Answer<matcher::ListAffectedManifestsResponse> {
        unimplemented()
    }

    async fn list_update_operations(
        &self,
        _: Request<matcher::ListUpdateOperationsRequest>,
    ) -> Answer<matcher::ListUpdateOperationsResponse> {
        unimplemented()
    }

    async fn delete_update_operation(
        &self,
        _: Request<matcher::DeleteUpdateOperationRequest>,
    ) -> Answer<matcher::DeleteUpdateOperationResponse> {
        unimplemented()
    }

    type GetUpdateDiffStream = Answers<matcher::GetUpdateDiffResponse>;

    async fn get_update_diff(
        &self,
        _: Request<matcher::GetUpdateDiffRequest>,
    ) -> Answer<Self::GetUpdateDiffStream> {
        unimplemented()
    }
}
