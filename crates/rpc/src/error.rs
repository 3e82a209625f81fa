//! Errors that survive the way from one service to another.
//!
//! There is a closed set of codes. Which gRPC code, which HTTP status, and whether trying again
//! can help follows from the code, here and nowhere else. An [`Error`] becomes a gRPC status with
//! the details of `google.rpc`, and the same error again on the other side.

mod code;
mod status;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

pub use code::ErrorCode;

use crate::context::Context;
use crate::conversion::InvalidField;
use crate::proto::model::v1;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    code: ErrorCode,
    message: String,
    fields: Vec<InvalidField>,
    retry_after: Option<Duration>,
    metadata: BTreeMap<String, String>,
}

/// An error of a service, which knows its own code.
pub trait ServiceError: std::error::Error {
    /// The code. [`ErrorCode::Internal`] is for what the caller cannot do anything about.
    fn code(&self) -> ErrorCode;
}

impl Error {
    /// An error with a message for people: lower case, no full stop.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            fields: Vec::new(),
            retry_after: None,
            metadata: BTreeMap::new(),
        }
    }

    /// A fault of the program. The chain of causes is logged; the caller gets the request id only,
    /// by which to find it there.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %Chain(error), "request failed");
        let mut public = Self::new(ErrorCode::Internal, "internal error");
        if let Some(context) = Context::current() {
            public = public.with("request_id", context.request_id.as_str());
        }
        public
    }

    /// The error of a service: with its message where the caller can do something about it, without
    /// it where not.
    pub fn of<E: ServiceError + 'static>(error: &E) -> Self {
        match error.code() {
            ErrorCode::Internal => Self::internal(error),
            code => Self::new(code, Chain(error).to_string()),
        }
    }

    /// The same error with a further fact for programs. The key is in lower case, with underscores.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// The same error with the time after which trying again makes sense.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The message for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The fields of the request that were wrong.
    pub fn fields(&self) -> &[InvalidField] {
        &self.fields
    }

    /// The time after which trying again makes sense, where the service knows it.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// A further fact for programs.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// A field of a request that holds what it may not.
impl From<InvalidField> for Error {
    fn from(field: InvalidField) -> Self {
        Self {
            fields: vec![field.clone()],
            ..Self::new(ErrorCode::InvalidArgument, field.to_string())
        }
    }
}

impl From<Error> for v1::Error {
    fn from(error: Error) -> Self {
        Self {
            code: v1::ErrorCode::from(error.code).into(),
            message: error.message,
        }
    }
}

impl From<v1::Error> for Error {
    fn from(message: v1::Error) -> Self {
        Self::new(message.code().into(), message.message)
    }
}

/// An error and what caused it, in one line.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}
