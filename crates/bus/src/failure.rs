//! How handlers say that they could not do what they were asked.

use std::fmt;
use std::time::Duration;

/// Why a delivery could not be dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A code for programs, such as `BAD_LAYER`. Dead letters keep it.
    pub code: String,
    /// The reason for people.
    pub message: String,
    /// Whether trying again later may help.
    pub is_retryable: bool,
    /// After how long, if that is known better than by the number of attempts.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// The code of a handler that panicked.
    pub const PANICKED: &str = "PANICKED";
    /// The code of a payload that could not be read.
    pub const UNREADABLE: &str = "UNREADABLE";
    /// The code of a delivery that was never finished, however often it was tried: whoever tried
    /// was gone before.
    pub const ABANDONED: &str = "ABANDONED";

    /// A failure that trying again will not mend.
    pub fn permanent(code: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            code: code.into(),
            message: message.to_string(),
            is_retryable: false,
            retry_after: None,
        }
    }

    /// A failure that may not happen again.
    pub fn retryable(code: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            is_retryable: true,
            ..Self::permanent(code, message)
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}
