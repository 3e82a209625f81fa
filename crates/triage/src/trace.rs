//! By what a finding was suppressed or commented.

use std::fmt;

use clair_model::{Id, ReportVulnerability};
use jiff::Timestamp;
use serde::Serialize;

use crate::{Format, Status};

/// A finding that is in the report no more.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suppressed {
    /// The key of the package in the report, which has it still.
    pub package_id: Id,
    /// Its name.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The vulnerability, as the report had it.
    pub vulnerability: ReportVulnerability,
    /// All that suppressed it. There is at least one.
    pub by: Vec<Trace>,
}

/// A finding that stays in the report, and about which a VEX document says something.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Annotated {
    /// The key of the package in the report.
    pub package_id: Id,
    /// The key of the vulnerability in the report.
    pub vulnerability_id: Id,
    /// What is said.
    pub by: Trace,
}

/// What said so, and in which words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// Where it is said.
    #[serde(flatten)]
    pub origin: Origin,
    /// Why, in the words of whoever says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Where something is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Origin {
    /// By a statement of a VEX document.
    Vex {
        /// The file.
        file: String,
        /// Its format.
        format: Format,
        /// The document, as it names itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        document: Option<String>,
        /// Who says so.
        #[serde(skip_serializing_if = "Option::is_none")]
        author: Option<String>,
        /// Which statement (OpenVEX) or vulnerability (CSAF, CycloneDX) of it, from one on.
        statement: usize,
        /// The product of it that is meant, in its words.
        product: String,
        /// What it says.
        status: Status,
        /// Why the product is not affected, as a label of the format.
        #[serde(skip_serializing_if = "Option::is_none")]
        justification: Option<String>,
        /// When it was said.
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamp: Option<Timestamp>,
    },
    /// By a rule of an ignore file.
    Ignore {
        /// The file.
        file: String,
        /// The line at which the rule begins.
        line: u64,
    },
    /// By an option: that vulnerabilities without a fix are not to be told.
    Unfixed,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vex {
                file,
                statement,
                status,
                justification,
                ..
            } => {
                write!(f, "{file}, statement {statement}: {status}")?;
                match justification {
                    Some(label) => write!(f, " ({label})"),
                    None => Ok(()),
                }
            }
            Self::Ignore { file, line } => write!(f, "{file}:{line}"),
            Self::Unfixed => f.write_str("no fix to install"),
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Some(reason) => write!(f, "{}: {reason}", self.origin),
            None => self.origin.fmt(f),
        }
    }
}
