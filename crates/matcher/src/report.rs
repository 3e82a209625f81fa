//! From index reports to vulnerability reports.

use std::sync::Arc;
use std::time::Instant;

use clair_matching::Freshness;
use clair_model::{Digest, IndexReport, VulnerabilityReport};
use clair_rpc::Error;
use clair_rpc::proto::model::v1;
use clair_vulndb::Database;
use futures::stream::{self, Stream, StreamExt as _};
use jiff::{SignedDuration, Timestamp};

use crate::index_reports::IndexReports;
use crate::limit::Limiter;
use crate::metrics;

/// Makes reports. Copies share what is behind them.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    pub(crate) index_reports: IndexReports,
    pub(crate) limiter: Limiter,
    pub(crate) max_age: SignedDuration,
}

/// A report in the form in which it is sent.
#[derive(Debug)]
pub(crate) enum Document {
    Message(v1::VulnerabilityReport),
    Json(Vec<u8>),
}

impl Reporter {
    /// The report of a manifest that the indexer knows.
    pub(crate) async fn of_manifest(
        &self,
        database: Arc<Database>,
        manifest: Digest,
        format: v1::ReportFormat,
    ) -> Result<Document, Error> {
        let fetched = self.index_reports.fetch(manifest).await;
        let made = match fetched {
            Ok(fetched) => self.make(database, format, || fetched.read()).await,
            Err(error) => Err(error),
        };
        metrics::report(&made);
        made
    }

    /// The report of what somebody else has indexed.
    pub(crate) async fn of_index_report(
        &self,
        database: Arc<Database>,
        message: v1::IndexReport,
        format: v1::ReportFormat,
    ) -> Result<Document, Error> {
        let read =
            || IndexReport::try_from(message).map_err(|error| error.within("index_report").into());
        let made = self.make(database, format, read).await;
        metrics::report(&made);
        made
    }

    /// The reports of several manifests, as they are ready.
    pub(crate) fn of_manifests(
        self,
        database: Arc<Database>,
        manifests: Vec<Digest>,
        format: v1::ReportFormat,
    ) -> impl Stream<Item = (Digest, Result<Document, Error>)> + Send + 'static {
        let share = self.limiter.share();
        let each = stream::iter(manifests).map(move |manifest| {
            let (reporter, database) = (self.clone(), Arc::clone(&database));
            async move {
                let made = reporter
                    .of_manifest(database, manifest.clone(), format)
                    .await;
                (manifest, made)
            }
        });
        each.buffer_unordered(share)
    }

    async fn make(
        &self,
        database: Arc<Database>,
        format: v1::ReportFormat,
        read: impl FnOnce() -> Result<IndexReport, Error> + Send + 'static,
    ) -> Result<Document, Error> {
        let freshness = Freshness {
            now: Timestamp::now(),
            max_age: self.max_age,
        };
        let make = move || {
            let index = read()?;
            let began = Instant::now();
            let report = clair_matching::report(&database, &index, &freshness)
                .map_err(|error| Error::internal(&error))?;
            metrics::matched(began.elapsed());
            document(report, format)
        };
        self.limiter.run(make).await
    }
}

fn document(report: VulnerabilityReport, format: v1::ReportFormat) -> Result<Document, Error> {
    match format {
        v1::ReportFormat::Json => {
            let json = serde_json::to_vec(&report).map_err(|error| Error::internal(&error))?;
            Ok(Document::Json(json))
        }
        v1::ReportFormat::Unspecified | v1::ReportFormat::Message => {
            Ok(Document::Message(report.into()))
        }
    }
}
