//! Answers that say why not, in the form of Clair: a status, and `{"code", "message"}`.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use clair_rpc::{Context, ErrorCode};
use http::header::{CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use tonic::Status;

use crate::negotiation::JSON;

/// Why a request got no other answer.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    message: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The body of the answer.
#[derive(Serialize)]
struct Body<'a> {
    code: &'static str,
    message: &'a str,
}

impl Failure {
    /// A failure with a message for people: lower case, no full stop.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            headers: Vec::new(),
        }
    }

    /// What the client sent is wrong.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// There is no such thing.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// A fault of the program. What it is stands in the log; the client gets the id of its
    /// request, by which to find it there.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, hidden("internal error"))
    }

    /// The same failure with a header.
    #[must_use]
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same failure with the time after which trying again makes sense.
    #[must_use]
    pub(crate) fn after(self, delay: Duration) -> Self {
        // Rounded up: who comes too early is refused again.
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        self.with(RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// The same failure with another status and something before its message.
    #[must_use]
    pub(crate) fn told_as(mut self, status: StatusCode, prefix: &str) -> Self {
        self.status = status;
        self.message = format!("{prefix}: {}", self.message);
        self
    }

    /// The status.
    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The message.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The name of its status.
    pub(crate) fn code(&self) -> &'static str {
        code(self.status)
    }
}

/// The name of a status: those that Clair has, and names of the same kind for what Clair's API
/// never answered.
pub(crate) fn code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "bad-request",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not-found",
        405 => "method-not-allowed",
        408 => "request-timeout",
        409 => "conflict",
        413 => "payload-too-large",
        429 => "too-many-requests",
        501 => "not-implemented",
        503 => "unavailable",
        504 => "timeout",
        _ => "internal-error",
    }
}

/// A message that tells nothing, but where more is to be found.
fn hidden(message: &str) -> String {
    match Context::current() {
        Some(context) => format!("{message}, see request {}", context.request_id),
        None => message.to_owned(),
    }
}

impl From<clair_rpc::Error> for Failure {
    fn from(error: clair_rpc::Error) -> Self {
        let code = error.code();
        let failure = match code {
            ErrorCode::Unavailable => {
                // The message has addresses in it, which are nobody's business.
                tracing::warn!(%error, "a service does not answer");
                let message = hidden("a service that is needed does not answer");
                Self::new(code.http(), message).after(Duration::from_secs(1))
            }
            ErrorCode::Internal | ErrorCode::Unauthenticated | ErrorCode::PermissionDenied => {
                // That a service does not let the gateway in is not the client's fault.
                tracing::error!(%error, ?code, "a service failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, hidden("internal error"))
            }
            // Calls are cancelled by their deadline, if not by the client, to whom nothing is told.
            ErrorCode::Cancelled => Self::new(
                ErrorCode::DeadlineExceeded.http(),
                "the time for the request is over",
            ),
            _ => Self::new(code.http(), error.message()),
        };
        match (error.retry_after(), code) {
            (Some(delay), _) => failure.after(delay),
            (None, ErrorCode::ResourceExhausted) => failure.after(Duration::from_secs(1)),
            (None, _) => failure,
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        clair_rpc::Error::from(status).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = Body {
            code: self.code(),
            message: &self.message,
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.extend(self.headers);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
}
