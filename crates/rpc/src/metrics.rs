//! What is counted. The names are those that gRPC servers of other languages use.

use std::time::Instant;

use tonic::Code;

use crate::method::Method;

const HANDLED: &str = "grpc_server_handled_total";
const HANDLING_SECONDS: &str = "grpc_server_handling_seconds";
const CLIENT_HANDLED: &str = "grpc_client_handled_total";
const CLIENT_RETRIES: &str = "grpc_client_retries_total";

/// Describes the metrics of this crate to the recorder that is installed.
pub fn describe_metrics() {
    use metrics::{Unit, describe_counter, describe_histogram};
    describe_counter!(HANDLED, "Calls that were answered, by method and status");
    describe_histogram!(
        HANDLING_SECONDS,
        Unit::Seconds,
        "Time from the beginning of a call to the end of its answer, by method"
    );
    describe_counter!(CLIENT_HANDLED, "Calls that were made, by method and status");
    describe_counter!(
        CLIENT_RETRIES,
        "Attempts after the first of a call, by method"
    );
}

/// A call that is being served. One that is dropped before its end counts as cancelled.
#[derive(Debug)]
pub(crate) struct Served {
    method: Option<&'static Method>,
    began: Instant,
    code: Option<Code>,
}

impl Served {
    pub(crate) fn begin(method: Option<&'static Method>) -> Self {
        Self {
            method,
            began: Instant::now(),
            code: None,
        }
    }

    pub(crate) fn end(&mut self, code: Code) {
        self.code = Some(code);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // What is not ours has no label, so that nobody can make up labels.
        let Some(method) = self.method else { return };
        let code = self.code.unwrap_or(Code::Cancelled);
        let elapsed = self.began.elapsed();
        tracing::debug!(
            service = method.service,
            method = method.name,
            ?code,
            ?elapsed,
            "call served"
        );
        let (service, name) = (method.service.as_str(), method.name.as_str());
        metrics::counter!(HANDLED, "grpc_service" => service, "grpc_method" => name,
            "grpc_code" => format!("{code:?}"))
        .increment(1);
        metrics::histogram!(HANDLING_SECONDS, "grpc_service" => service, "grpc_method" => name)
            .record(elapsed);
    }
}

/// Counts a call that was made.
pub(crate) fn called(method: &'static Method, code: Code, retries: u32) {
    let (service, name) = (method.service.as_str(), method.name.as_str());
    metrics::counter!(CLIENT_HANDLED, "grpc_service" => service, "grpc_method" => name,
        "grpc_code" => format!("{code:?}"))
    .increment(1);
    if retries > 0 {
        metrics::counter!(CLIENT_RETRIES, "grpc_service" => service, "grpc_method" => name)
            .increment(u64::from(retries));
    }
}
