//! Keys of Clair v4 that have no meaning here. They are taken out of the document with a warning
//! each, so that existing files load.

use super::node::{Node, Value};
use super::origin::KeyPath;
use super::problem::Problem;

/// The keys, and what to know instead.
const KEYS: [(&str, &str); 20] = [
    (
        "tls.root_ca",
        "set SSL_CERT_DIR or SSL_CERT_FILE to trust further authorities",
    ),
    (
        "indexer.scanlock_retry",
        "manifests are not locked by polling",
    ),
    (
        "indexer.scanner.package",
        "analyzers need no settings and ask no network",
    ),
    (
        "indexer.scanner.dist",
        "analyzers need no settings and ask no network",
    ),
    (
        "indexer.scanner.repo",
        "analyzers need no settings and ask no network",
    ),
    ("matcher.max_conn_pool", "use database.max_connections"),
    (
        "matchers.names",
        "there are no matchers to choose from, every package is matched",
    ),
    ("matchers.config", "there are no matchers to configure"),
    ("updaters.filter", "it has no effect in Clair either"),
    (
        "notifier.webhook.signed",
        "requests are signed whenever there is a key",
    ),
    ("trace.jaeger", "send traces to Jaeger by OTLP"),
    ("trace.sentry", "it has no effect in Clair either"),
    ("trace.otlp.grpc.reconnect", "the client decides"),
    ("trace.otlp.grpc.service_config", "the client decides"),
    (
        "metrics.otlp",
        "metrics are given in the format of Prometheus only",
    ),
    // Sections that have nothing else in them.
    ("indexer.scanner", ""),
    ("matchers", ""),
    ("tls", ""),
    (
        "metrics.stdout",
        "metrics are given in the format of Prometheus only",
    ),
    ("trace.stdout", "send traces by OTLP"),
];

/// Takes the keys out of the document, and warns of those that were set to something.
pub(crate) fn remove(root: &mut Node, warnings: &mut Vec<Problem>) {
    for (key, advice) in KEYS {
        let path = KeyPath::of(key);
        let Some(node) = root.get(&path) else {
            continue;
        };
        let is_section = advice.is_empty();
        if is_section && !is_empty(node) {
            continue;
        }
        let Some(node) = root.take(&path) else {
            continue;
        };
        if !is_empty(&node) {
            warnings.push(Problem {
                origin: Some(node.origin),
                path,
                message: format!("has no effect: {advice}"),
            });
        }
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Map(map) => map.values().all(is_empty),
        _ => false,
    }
}
