//! The six severities of Clair's API, to which every vendor's own words are mapped.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How bad a vulnerability is, from least to worst.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Severity {
    /// Nobody has said.
    #[default]
    Unknown,
    /// A theoretical problem, or one without security impact.
    Negligible,
    /// Low.
    Low,
    /// Medium; some vendors say moderate.
    Medium,
    /// High; some vendors say important.
    High,
    /// Critical.
    Critical,
}

/// A word that is no severity.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a severity: expected unknown, negligible, low, medium, high or critical")]
pub struct ParseSeverityError(String);

impl Severity {
    /// All severities, from least to worst.
    pub const ALL: [Self; 6] = [
        Self::Unknown,
        Self::Negligible,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// The name as Clair's JSON writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Negligible => "Negligible",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }

    /// A stable number for binary formats; the order is that of the severities.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The severity of a [`code`](Self::code).
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Severity {
    type Err = ParseSeverityError;

    /// Reads a severity by its name, in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| ParseSeverityError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_ordered_and_keep_their_codes() {
        assert!(Severity::Unknown < Severity::Negligible);
        assert!(Severity::High < Severity::Critical);
        for severity in Severity::ALL {
            assert_eq!(Severity::from_code(severity.code()), Some(severity));
            assert_eq!(severity.name().to_lowercase().parse(), Ok(severity));
        }
        assert!("bad".parse::<Severity>().is_err());
    }
}
