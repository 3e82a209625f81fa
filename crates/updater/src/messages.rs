//! What happened, as messages of the interface.

use clair_rpc::conversion::to_timestamp;
use clair_rpc::proto::updater::v1;
use clair_service::messages::operation;
use clair_store::{Operation, SourceStatus};
use v1::run_update_response::Event;

use crate::run::Progress;
use crate::source::{Ending, SourceOutcome};

pub(crate) fn source(status: SourceStatus, newest: Option<Operation>) -> v1::Source {
    v1::Source {
        name: status.name,
        feed: status.feed,
        last_attempt_at: status.attempted.map(to_timestamp),
        last_success_at: status.succeeded.map(to_timestamp),
        last_error: status.error,
        upstream_date: status.upstream_date.map(to_timestamp),
        advisories: status.advisories,
        operation: newest.map(operation),
    }
}

pub(crate) fn outcome(outcome: SourceOutcome) -> v1::SourceOutcome {
    let (result, operation, error) = match outcome.ending {
        Ending::Updated(changed) => (v1::SourceResult::Updated, Some(operation(changed)), None),
        Ending::Unchanged => (v1::SourceResult::Unchanged, None, None),
        Ending::Failed(error) => (v1::SourceResult::Failed, None, Some(error.into())),
        Ending::Busy => (v1::SourceResult::Busy, None, None),
    };
    v1::SourceOutcome {
        source: outcome.source,
        result: result.into(),
        operation,
        skipped: outcome.skipped.into_iter().collect(),
        error,
        elapsed: prost_types::Duration::try_from(outcome.elapsed).ok(),
    }
}

pub(crate) fn progress(source: String, progress: Progress) -> v1::SourceProgress {
    v1::SourceProgress {
        source,
        read_bytes: progress.read_bytes,
        total_bytes: progress.total_bytes,
        advisories: progress.advisories,
    }
}

pub(crate) fn event(event: Event) -> v1::RunUpdateResponse {
    v1::RunUpdateResponse { event: Some(event) }
}

/// Adds an outcome to the sum of all.
pub(crate) fn count(sum: &mut v1::RunFinished, outcome: &SourceOutcome) {
    let counter = match outcome.ending {
        Ending::Updated(_) => &mut sum.updated,
        Ending::Unchanged => &mut sum.unchanged,
        Ending::Failed(_) => &mut sum.failed,
        Ending::Busy => &mut sum.busy,
    };
    *counter += 1;
}
