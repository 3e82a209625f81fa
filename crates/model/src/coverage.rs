//! Coverage: what a report cannot speak of.
//!
//! A report without findings is only good news when everything was looked at. Whatever was not is
//! a [`Gap`], carried in the report itself.

use serde::{Deserialize, Serialize};

/// What kind of thing was not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GapKind {
    /// No distribution was recognised although there are distribution packages.
    UnknownDistribution,
    /// No source of security data covers the distribution.
    NoFeed,
    /// The distribution release gets no more security updates from its vendor.
    EndOfLife,
    /// A version could not be parsed, so that it was compared with nothing.
    UnparsedVersion,
    /// An advisory's own version could not be parsed.
    UnparsedAdvisory,
    /// Security data older than allowed.
    StaleFeed,
    /// A file that an analyzer asked for could not be read or understood.
    UnreadFile,
    /// A limit was reached, and what lay beyond was not read.
    LimitReached,
    /// Nothing in the image is of a kind that any analyzer knows.
    NoPackages,
}

impl GapKind {
    /// The name as reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownDistribution => "unknown-distribution",
            Self::NoFeed => "no-feed",
            Self::EndOfLife => "end-of-life",
            Self::UnparsedVersion => "unparsed-version",
            Self::UnparsedAdvisory => "unparsed-advisory",
            Self::StaleFeed => "stale-feed",
            Self::UnreadFile => "unread-file",
            Self::LimitReached => "limit-reached",
            Self::NoPackages => "no-packages",
        }
    }

    /// Whether the image as a whole could not be understood, which is not the same as having no
    /// vulnerabilities.
    pub const fn is_blind(self) -> bool {
        matches!(
            self,
            Self::UnknownDistribution | Self::NoFeed | Self::NoPackages
        )
    }
}

/// Something a report could not speak of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Gap {
    /// What kind of thing.
    pub kind: GapKind,
    /// What it is about: a distribution, a package, a file with its layer, a feed.
    pub subject: String,
    /// What follows from it, for people.
    pub message: String,
}

impl Gap {
    /// A gap.
    pub fn new(kind: GapKind, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind,
            subject: subject.into(),
            message: message.into(),
        }
    }
}
