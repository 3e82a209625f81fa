//! What is logged, and how.

use serde::{Deserialize, Serialize};

/// The least important events that are logged, by Clair's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// As `debug`, for people and in colour.
    DebugColor,
    /// What helps to find faults. Every trace is recorded.
    Debug,
    /// What happens.
    #[default]
    Info,
    /// What should not happen, and was coped with.
    Warn,
    /// What failed.
    Error,
    /// As `error`.
    Fatal,
    /// As `error`.
    Panic,
}

impl LogLevel {
    /// Whether it is one of the two that are for finding faults.
    pub const fn is_debug(self) -> bool {
        matches!(self, Self::DebugColor | Self::Debug)
    }
}

/// How events are written, one on a line, to the standard error output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// As JSON objects, for machines.
    Json,
    /// For people.
    Human,
}
