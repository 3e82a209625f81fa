//! What a call is a part of: which request of a client, and until when it must be done.
//!
//! The server sets it for the time of a handler, and calls that the handler makes carry it on. It
//! belongs to the task: what is spawned from a handler takes it along by [`Context::scope`].

use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

use uuid::Uuid;

tokio::task_local! {
    static CURRENT: Context;
}

/// What a call is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The request of a client that everything comes from.
    pub request_id: RequestId,
    /// When the caller stops waiting, if it ever does.
    pub deadline: Option<Instant>,
}

impl Context {
    /// The beginning of a request.
    pub fn new(request_id: RequestId) -> Self {
        Self {
            request_id,
            deadline: None,
        }
    }

    /// The context of this task.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Runs a future in this context.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }

    /// Runs a function in this context.
    pub(crate) fn sync_scope<T>(&self, function: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), function)
    }

    /// How much time is left, if it is limited. Zero when there is none.
    pub fn remaining(&self) -> Option<Duration> {
        let now = Instant::now();
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(now))
    }
}

/// Names a request of a client in the logs of all services.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl RequestId {
    /// The header, in HTTP and in gRPC metadata.
    pub const HEADER: &str = "x-request-id";

    /// Longest id that is taken from outside.
    const MAX_LENGTH: usize = 128;

    /// A new id.
    pub fn generate() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    /// An id from outside. None if it is empty, longer than 128 bytes or more than letters, digits
    /// and `-_.:/+=`: it goes into logs and headers.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte);
        let is_id = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(is_plain);
        is_id.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of a message, or a new one.
    pub fn of(headers: &http::HeaderMap) -> Self {
        headers
            .get(Self::HEADER)
            .and_then(|value| Self::parse(value.to_str().ok()?))
            .unwrap_or_else(Self::generate)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_forge_a_log_line_is_replaced() {
        for text in ["", "a b", "a\nb", "é", &"x".repeat(129)] {
            assert_eq!(RequestId::parse(text), None, "{text:?}");
        }
        let mut headers = http::HeaderMap::new();
        assert_ne!(RequestId::of(&headers), RequestId::of(&headers));
        headers.insert(RequestId::HEADER, "abc-1".parse().unwrap());
        assert_eq!(RequestId::of(&headers).as_str(), "abc-1");
    }
}
