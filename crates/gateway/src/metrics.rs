//! What is counted. The families of HTTP are Clair's.

use std::time::Duration;

use http::{Method, StatusCode};
use metrics::Unit;

const LIMITED: &str = "clair_http_concurrencylimited_total";
const CONNECTIONS: &str = "clair_http_connections";
const REJECTED: &str = "clair_gateway_rejected_tokens_total";

/// The names of the metrics of a part of the API.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Family {
    prefix: &'static str,
    requests: &'static str,
    request_size: &'static str,
    response_size: &'static str,
    duration: &'static str,
    in_flight: &'static str,
}

macro_rules! families {
    ($($prefix:literal => $name:literal),+ $(,)?) => {
        /// The parts of the API, by the beginning of their paths.
        const FAMILIES: &[Family] = &[$(Family {
            prefix: $prefix,
            requests: concat!("clair_http_", $name, "_request_total"),
            request_size: concat!("clair_http_", $name, "_request_size_bytes"),
            response_size: concat!("clair_http_", $name, "_response_size_bytes"),
            duration: concat!("clair_http_", $name, "_request_duration_seconds"),
            in_flight: concat!("clair_http_", $name, "_in_flight_requests"),
        }),+];
    };
}

families! {
    "/indexer/" => "indexerv1",
    "/matcher/" => "matcherv1",
    "/notifier/" => "notificationv1",
    "/admin/" => "adminv1",
    "/" => "discovery",
}

/// Describes the metrics of this crate to the recorder that is installed.
pub fn describe_metrics() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    for family in FAMILIES {
        describe_counter!(family.requests, "Requests, by route, status and method");
        describe_histogram!(
            family.request_size,
            Unit::Bytes,
            "Size of the bodies of requests"
        );
        describe_histogram!(
            family.response_size,
            Unit::Bytes,
            "Size of the bodies of answers"
        );
        describe_histogram!(
            family.duration,
            Unit::Seconds,
            "Time from the head of a request to the end of its answer"
        );
        describe_gauge!(family.in_flight, "Requests that are being answered");
    }
    describe_counter!(
        LIMITED,
        "Requests that were refused since the service was at its limit"
    );
    describe_gauge!(CONNECTIONS, "Connections that are open");
    describe_counter!(REJECTED, "Tokens that were not accepted, by reason");
}

/// The metrics of the part of the API that a route belongs to.
pub(crate) fn family(path: &str) -> &'static Family {
    let found = FAMILIES
        .iter()
        .find(|family| path.starts_with(family.prefix));
    found.unwrap_or(&FAMILIES[FAMILIES.len() - 1])
}

/// A request that was answered, or given up.
#[derive(Debug)]
pub(crate) struct Answered<'a> {
    pub(crate) route: &'static str,
    pub(crate) method: &'a Method,
    pub(crate) status: StatusCode,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
    pub(crate) elapsed: Duration,
}

#[allow(clippy::cast_precision_loss, reason = "sizes of bodies")]
pub(crate) fn answered(family: &Family, answered: &Answered<'_>) {
    let labels = [
        ("handler", answered.route.to_owned()),
        ("code", answered.status.as_str().to_owned()),
        ("method", method(answered.method).to_owned()),
    ];
    metrics::counter!(family.requests, &labels).increment(1);
    metrics::histogram!(family.request_size, &labels).record(answered.request_bytes as f64);
    metrics::histogram!(family.response_size, &labels).record(answered.response_bytes as f64);
    metrics::histogram!(family.duration, &labels).record(answered.elapsed);
}

/// Counts a request that is being answered, or no longer.
pub(crate) fn in_flight(family: &Family, route: &'static str, change: f64) {
    metrics::gauge!(family.in_flight, "handler" => route).increment(change);
}

/// Counts a request that a service refused since it was at its limit.
pub(crate) fn limited(route: &'static str, requested: &Method) {
    metrics::counter!(LIMITED, "endpoint" => route, "method" => method(requested).to_owned())
        .increment(1);
}

/// Counts a token that was not accepted.
pub(crate) fn token_rejected(reason: &'static str) {
    metrics::counter!(REJECTED, "reason" => reason).increment(1);
}

/// Counts a connection that was opened or closed.
pub(crate) fn connections(change: f64) {
    metrics::gauge!(CONNECTIONS).increment(change);
}

/// A method as a label. Clients can make up methods, so those that nobody knows are one.
fn method(method: &Method) -> &str {
    let is_known = matches!(
        method.as_str(),
        "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "PATCH" | "OPTIONS" | "TRACE" | "CONNECT"
    );
    if is_known { method.as_str() } else { "other" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_api_has_its_family() {
        for (path, requests) in [
            (
                "/indexer/api/v1/index_state",
                "clair_http_indexerv1_request_total",
            ),
            ("/matcher/api/v1/x", "clair_http_matcherv1_request_total"),
            (
                "/notifier/api/v1/x",
                "clair_http_notificationv1_request_total",
            ),
            ("/openapi/v1", "clair_http_discovery_request_total"),
            ("", "clair_http_discovery_request_total"),
        ] {
            assert_eq!(family(path).requests, requests);
        }
    }
}
