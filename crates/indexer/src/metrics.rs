//! What is counted.

use std::time::Duration;

use crate::error::Failure;

const MANIFESTS: &str = "clair_indexer_manifests_total";
const MANIFEST_SECONDS: &str = "clair_indexer_manifest_duration_seconds";
const LAYERS: &str = "clair_indexer_layers_total";
const LAYER_SECONDS: &str = "clair_indexer_layer_duration_seconds";
const FETCHED_BYTES: &str = "clair_indexer_fetched_bytes_total";
const COLLECTED: &str = "clair_indexer_collected_rows_total";
const REFUSED: &str = "clair_indexer_requests_refused_total";

/// Describes the metrics of this crate to the recorder that is installed.
pub fn describe_metrics() {
    use metrics::{Unit, describe_counter, describe_histogram};
    describe_counter!(
        MANIFESTS,
        "Manifests that were asked to be indexed, by outcome"
    );
    describe_histogram!(
        MANIFEST_SECONDS,
        Unit::Seconds,
        "Time that indexing a manifest took"
    );
    describe_counter!(
        LAYERS,
        "Layers that were needed, by where they came from, or why not"
    );
    describe_histogram!(
        LAYER_SECONDS,
        Unit::Seconds,
        "Time that fetching and reading a layer took"
    );
    describe_counter!(
        FETCHED_BYTES,
        Unit::Bytes,
        "Bytes of layers that were fetched"
    );
    describe_counter!(
        COLLECTED,
        "Rows of layers and packages that were collected since no manifest needs them"
    );
    describe_counter!(
        REFUSED,
        "Requests that were refused since too many were served"
    );
}

/// Counts a manifest that is indexed already.
pub(crate) fn manifest_known() {
    metrics::counter!(MANIFESTS, "outcome" => "known").increment(1);
}

/// Counts an attempt.
pub(crate) fn manifest_attempted<T>(result: &Result<T, Failure>, elapsed: Duration) {
    let outcome = result.as_ref().map_or_else(outcome, |_| "indexed");
    metrics::counter!(MANIFESTS, "outcome" => outcome).increment(1);
    metrics::histogram!(MANIFEST_SECONDS).record(elapsed);
}

/// Counts a layer that was read before.
pub(crate) fn layer_known() {
    metrics::counter!(LAYERS, "outcome" => "known").increment(1);
}

/// Counts a layer that was fetched and read, or was not.
pub(crate) fn layer_read<T>(result: &Result<T, Failure>, bytes: u64, elapsed: Duration) {
    let outcome = result.as_ref().map_or_else(outcome, |_| "read");
    metrics::counter!(LAYERS, "outcome" => outcome).increment(1);
    metrics::counter!(FETCHED_BYTES).increment(bytes);
    metrics::histogram!(LAYER_SECONDS).record(elapsed);
}

/// Counts rows that were collected.
pub(crate) fn collected(layers: u64, packages: u64) {
    metrics::counter!(COLLECTED, "table" => "layer").increment(layers);
    metrics::counter!(COLLECTED, "table" => "package").increment(packages);
}

/// Counts a request that was refused.
pub(crate) fn request_refused() {
    metrics::counter!(REFUSED).increment(1);
}

fn outcome(failure: &Failure) -> &'static str {
    match failure {
        Failure::Unavailable { .. } => "layer_unavailable",
        Failure::BadLayer { .. } => "bad_layer",
        Failure::Store(_) => "database",
        Failure::Deleted(_) => "deleted",
        Failure::Cancelled => "cancelled",
        Failure::Fault(_) => "fault",
    }
}
