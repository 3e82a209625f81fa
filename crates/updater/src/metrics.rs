//! What is counted. Labels are names of feeds, of results and of reasons, which are few.

use std::time::Duration;

use crate::source::{Ending, SourceOutcome};

const RUN_SECONDS: &str = "clair_updater_run_seconds";
const SOURCES: &str = "clair_updater_sources_total";
const SOURCE_SECONDS: &str = "clair_updater_source_seconds";
const ADDED: &str = "clair_updater_advisories_added_total";
const REMOVED: &str = "clair_updater_advisories_removed_total";
const SKIPPED: &str = "clair_updater_records_skipped_total";
const SUCCESS: &str = "clair_updater_last_success_timestamp_seconds";
const EVENTS: &str = "clair_updater_events_total";
const COLLECTED: &str = "clair_updater_rows_collected_total";

/// Describes the metrics of this crate to the recorder that is installed.
pub fn describe_metrics() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_histogram!(
        RUN_SECONDS,
        Unit::Seconds,
        "Time to ask all sources of a feed"
    );
    describe_counter!(SOURCES, "Updates of sources, by feed and result");
    describe_histogram!(
        SOURCE_SECONDS,
        Unit::Seconds,
        "Time to update a source, by feed"
    );
    describe_counter!(ADDED, "Advisories that updates added, by feed");
    describe_counter!(REMOVED, "Advisories that updates removed, by feed");
    describe_counter!(
        SKIPPED,
        "Records of feeds that were left out, by feed and reason"
    );
    describe_gauge!(
        SUCCESS,
        Unit::Seconds,
        "When a source of the feed last answered, in Unix time"
    );
    describe_counter!(
        EVENTS,
        "Events about updates, by whether they were published"
    );
    describe_counter!(COLLECTED, "Rows of old updates that were deleted");
}

pub(crate) fn run_ended(feed: &'static str, elapsed: Duration) {
    metrics::histogram!(RUN_SECONDS, "feed" => feed).record(elapsed);
}

pub(crate) fn source_ended(feed: &'static str, outcome: &SourceOutcome) {
    let result = match &outcome.ending {
        Ending::Updated(operation) => {
            metrics::counter!(ADDED, "feed" => feed).increment(operation.added);
            metrics::counter!(REMOVED, "feed" => feed).increment(operation.removed);
            "updated"
        }
        Ending::Unchanged => "unchanged",
        Ending::Failed(_) => "failed",
        Ending::Busy => "busy",
    };
    metrics::counter!(SOURCES, "feed" => feed, "result" => result).increment(1);
    metrics::histogram!(SOURCE_SECONDS, "feed" => feed).record(outcome.elapsed);
    for (reason, count) in &outcome.skipped {
        let labels = [("feed", feed.to_owned()), ("reason", reason.clone())];
        metrics::counter!(SKIPPED, &labels).increment(*count);
    }
    if matches!(outcome.ending, Ending::Updated(_) | Ending::Unchanged) {
        let now = jiff::Timestamp::now().as_duration().as_secs_f64();
        metrics::gauge!(SUCCESS, "feed" => feed).set(now);
    }
}

pub(crate) fn published(is_published: bool) {
    let result = if is_published { "published" } else { "failed" };
    metrics::counter!(EVENTS, "result" => result).increment(1);
}

pub(crate) fn collected(rows: u64) {
    metrics::counter!(COLLECTED).increment(rows);
}
