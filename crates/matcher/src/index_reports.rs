//! Index reports, from the indexer.

use clair_model::{Digest, IndexReport, IndexState};
use clair_rpc::proto::indexer::v1::get_index_report_response::Report;
use clair_rpc::proto::indexer::v1::indexer_client::IndexerClient;
use clair_rpc::proto::indexer::v1::{GetIndexReportRequest, GetIndexReportResponse};
use clair_rpc::proto::model::v1::ReportFormat;
use clair_rpc::{Channel, Error, ErrorCode};

/// Where index reports come from. Copies share the connection.
#[derive(Debug, Clone)]
pub(crate) struct IndexReports(IndexerClient<Channel>);

/// What the indexer gave, not looked at yet: reading it takes the time of a processor.
#[derive(Debug)]
pub(crate) struct Fetched {
    manifest: Digest,
    response: GetIndexReportResponse,
}

impl IndexReports {
    pub(crate) fn new(channel: &Channel) -> Self {
        Self(channel.client())
    }

    /// Fetches the report of a manifest.
    ///
    /// # Errors
    ///
    /// Whatever the indexer says; [`ErrorCode::NotFound`] where nobody has submitted the manifest.
    pub(crate) async fn fetch(&self, manifest: Digest) -> Result<Fetched, Error> {
        let request = GetIndexReportRequest {
            manifest_digest: manifest.to_string(),
            // The indexer has the document ready.
            format: ReportFormat::Json.into(),
        };
        let response = self.0.clone().get_index_report(request).await?.into_inner();
        Ok(Fetched { manifest, response })
    }
}

impl Fetched {
    /// Reads the report, which is of a manifest that was indexed.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`] where indexing has not finished, or failed.
    pub(crate) fn read(self) -> Result<IndexReport, Error> {
        let report = match self.response.report {
            Some(Report::Json(json)) => {
                serde_json::from_slice(&json).map_err(|error| Error::internal(&error))?
            }
            Some(Report::Message(message)) => {
                IndexReport::try_from(message).map_err(|error| Error::internal(&error))?
            }
            None => {
                return Err(Error::new(
                    ErrorCode::Internal,
                    "the indexer sent no report",
                ));
            }
        };
        finished(&self.manifest, report)
    }
}

/// A report that says what the image contains.
fn finished(manifest: &Digest, report: IndexReport) -> Result<IndexReport, Error> {
    if report.state == IndexState::IndexFinished && report.success {
        return Ok(report);
    }
    let message = match report.state {
        IndexState::IndexError => format!("indexing of manifest {manifest} failed"),
        _ => format!("manifest {manifest} is not indexed yet"),
    };
    Err(Error::new(ErrorCode::NotFound, message))
}
