//! What is counted and measured.

use std::time::Duration;

use clair_rpc::{Error, ErrorCode};
use clair_vulndb::SourceInfo;
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

const REPORTS: &str = "clair_matcher_reports_total";
const MATCHING: &str = "clair_matcher_matching_seconds";
const WAITING: &str = "clair_matcher_waiting_requests";
const REFUSED: &str = "clair_matcher_refused_requests_total";
const GENERATIONS: &str = "clair_matcher_generations_total";
const SEGMENTS: &str = "clair_matcher_segments_total";
const SEGMENT_SECONDS: &str = "clair_matcher_segment_seconds";
const SYNCS: &str = "clair_matcher_syncs_total";
const SOURCES: &str = "clair_matcher_sources";
const ADVISORIES: &str = "clair_matcher_advisories";

/// Describes the metrics of this crate to the recorder that is installed.
pub fn describe_metrics() {
    describe_counter!(
        REPORTS,
        "Vulnerability reports that were asked for, by outcome"
    );
    describe_histogram!(MATCHING, Unit::Seconds, "Time to match one image");
    describe_gauge!(WAITING, "Requests that wait for their turn to be matched");
    describe_counter!(REFUSED, "Requests that found the queue full");
    describe_counter!(
        GENERATIONS,
        "Generations of the local copy that were put in use"
    );
    describe_counter!(
        SEGMENTS,
        "Segments of the local copy that were rebuilt, by outcome"
    );
    describe_histogram!(
        SEGMENT_SECONDS,
        Unit::Seconds,
        "Time to rebuild one segment"
    );
    describe_counter!(
        SYNCS,
        "Comparisons of the local copy with the database, by outcome"
    );
    describe_gauge!(SOURCES, "Sources in the local copy");
    describe_gauge!(ADVISORIES, "Advisories in the local copy");
}

/// A report was made, or not.
pub(crate) fn report<T>(result: &Result<T, Error>) {
    counter!(REPORTS, "outcome" => outcome(result)).increment(1);
}

fn outcome<T>(result: &Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => match error.code() {
            ErrorCode::NotFound => "not_found",
            ErrorCode::NotReady => "not_ready",
            ErrorCode::ResourceExhausted => "refused",
            ErrorCode::InvalidArgument => "invalid",
            _ => "error",
        },
    }
}

/// An image was matched.
pub(crate) fn matched(elapsed: Duration) {
    histogram!(MATCHING).record(elapsed);
}

/// So many requests wait.
#[allow(clippy::cast_precision_loss, reason = "gauges are floats")]
pub(crate) fn waiting(requests: usize) {
    gauge!(WAITING).set(requests as f64);
}

/// A request found the queue full.
pub(crate) fn refused() {
    counter!(REFUSED).increment(1);
}

/// A segment was rebuilt, or could not be.
pub(crate) fn segment(elapsed: Duration, is_done: bool) {
    counter!(SEGMENTS, "outcome" => if is_done { "ok" } else { "error" }).increment(1);
    histogram!(SEGMENT_SECONDS).record(elapsed);
}

/// The local copy was compared with the database, or could not be.
pub(crate) fn synced(is_done: bool) {
    counter!(SYNCS, "outcome" => if is_done { "ok" } else { "error" }).increment(1);
}

/// A generation was put in use.
#[allow(clippy::cast_precision_loss, reason = "gauges are floats")]
pub(crate) fn generation(sources: &[SourceInfo]) {
    counter!(GENERATIONS).increment(1);
    gauge!(SOURCES).set(sources.len() as f64);
    let advisories: u64 = sources.iter().map(|source| source.advisories).sum();
    gauge!(ADVISORIES).set(advisories as f64);
}
