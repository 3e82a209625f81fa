//! What came of updating a source.

use std::collections::BTreeMap;

use clair_rpc::proto::updater::v1::{SourceOutcome, SourceResult};
use serde::Serialize;

use crate::api::update_operation::Operation;
use crate::streamed::Told;

/// What came of updating a source.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    source: String,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<Operation>,
    added: u64,
    removed: u64,
    /// How many records were left out, by the reason.
    skipped: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Told>,
    seconds: f64,
}

impl From<SourceOutcome> for Outcome {
    fn from(outcome: SourceOutcome) -> Self {
        let result = match outcome.result() {
            SourceResult::Updated => "updated",
            SourceResult::Unchanged => "unchanged",
            SourceResult::Failed | SourceResult::Unspecified => "failed",
            SourceResult::Busy => "busy",
        };
        let elapsed = outcome.elapsed.unwrap_or_default();
        let operation = outcome.operation;
        let count = |count: fn(&clair_rpc::proto::model::v1::UpdateOperation) -> u64| {
            operation.as_ref().map_or(0, count)
        };
        let error = outcome.error.map(clair_rpc::Error::from);
        #[allow(clippy::cast_precision_loss, reason = "seconds of an update")]
        let seconds = elapsed.seconds as f64 + f64::from(elapsed.nanos) / 1e9;
        Self {
            source: outcome.source,
            result,
            added: count(|operation| operation.added),
            removed: count(|operation| operation.removed),
            operation: operation.map(Operation::from),
            skipped: outcome.skipped,
            error: error.as_ref().map(Told::kept),
            seconds,
        }
    }
}
