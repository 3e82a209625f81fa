//! The indexer, as far as a matcher needs it.

use clair_model::Digest;
use clair_rpc::proto::indexer::v1 as indexer;
use clair_rpc::proto::indexer::v1::indexer_server::Indexer;
use clair_rpc::{Error, ErrorCode};
use clair_store::Store;
use futures::stream::BoxStream;
use tonic::{Request, Response, Status};

use super::images::{bookworm, image};

/// An indexer that only gives what is stored.
pub(super) struct Peer(pub(super) Store);

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = BoxStream<'static, Result<T, Status>>;

fn unimplemented<T>() -> Answer<T> {
    Err(Error::new(ErrorCode::Unimplemented, "no part of this test").into())
}

#[tonic::async_trait]
impl Indexer for Peer {
    async fn get_index_report(
        &self,
        request: Request<indexer::GetIndexReportRequest>,
    ) -> Answer<indexer::GetIndexReportResponse> {
        let manifest: Digest = request.into_inner().manifest_digest.parse().unwrap();
        let status = self.0.manifest_status(&manifest).await.unwrap();
        let unknown = || Error::new(ErrorCode::NotFound, "nobody has submitted it");
        let status = status.ok_or_else(unknown)?;
        let json = match self.0.index_report(&manifest).await.unwrap() {
            Some(stored) => stored.json,
            None => {
                let mut report = image(0, bookworm(), Vec::new());
                report.manifest_hash = manifest;
                report.state = status.state;
                report.success = false;
                serde_json::to_vec(&report).unwrap()
            }
        };
        Ok(Response::new(indexer::GetIndexReportResponse {
            report: Some(indexer::get_index_report_response::Report::Json(
                json.into(),
            )),
            ..indexer::GetIndexReportResponse::default()
        }))
    }

    type IndexStream = Answers<indexer::IndexResponse>;
    async fn index(&self, _: Request<indexer::IndexRequest>) -> Answer<Self::IndexStream> {
        unimplemented()
    }
    async fn enqueue(
        &self,
        _: Request<indexer::EnqueueRequest>,
    ) -> Answer<indexer::EnqueueResponse> {
        unimplemented()
    }
    async fn get_index_state(
        &self,
        _: Request<indexer::GetIndexStateRequest>,
    ) -> Answer<indexer::GetIndexStateResponse> {
        unimplemented()
    }
    async fn delete_manifests(
        &self,
        _: Request<indexer::DeleteManifestsRequest>,
    ) -> Answer<indexer::DeleteManifestsResponse> {
        unimplemented()
    }
    type FindPackagesStream = Answers<indexer::FindPackagesResponse>;
    async fn find_packages(
        &self,
        _: Request<indexer::FindPackagesRequest>,
    ) -> Answer<Self::FindPackagesStream> {
        unimplemented()
    }
    type AffectedManifestsStream = Answers<indexer::AffectedManifestsResponse>;
    async fn affected_manifests(
        &self,
        _: Request<indexer::AffectedManifestsRequest>,
    ) -> Answer<Self::AffectedManifestsStream> {
        unimplemented()
    }
    async fn list_dead_letters(
        &self,
        _: Request<indexer::ListDeadLettersRequest>,
    ) -> Answer<indexer::ListDeadLettersResponse> {
        unimplemented()
    }
    async fn replay_dead_letters(
        &self,
        _: Request<indexer::ReplayDeadLettersRequest>,
    ) -> Answer<indexer::ReplayDeadLettersResponse> {
        unimplemented()
    }
}
