//! What a feed is, and what it hands its findings to.

use std::{fmt, io};

use clair_model::{Advisory, Enrichment, SourceKind};
use jiff::Timestamp;

use crate::{Document, FeedError, Fetched, Fetcher, Fingerprint, Location};

/// What is to be known of a feed before anything is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its name, in lower case: `debian`.
    pub name: &'static str,
    /// One line for people.
    pub description: &'static str,
    /// Where the vendor publishes it: the root below which its documents lie.
    pub upstream: &'static str,
    /// What the records of its documents are.
    pub kind: SourceKind,
    /// Whether it is read unless somebody says otherwise. A feed that says what another one says as
    /// well is not.
    pub is_default: bool,
    /// A number that grows whenever the same bytes parse to other records than before, so that
    /// documents that did not change are read again by a program that understands them better.
    pub revision: u32,
}

impl About {
    /// A feed of advisories, of which all else is to be filled in.
    pub(crate) const ADVISORIES: Self = Self {
        name: "",
        description: "",
        upstream: "",
        kind: SourceKind::Vulnerability,
        is_default: true,
        revision: 1,
    };

    /// The same of enrichments.
    pub(crate) const ENRICHMENTS: Self = Self {
        kind: SourceKind::Enrichment,
        ..Self::ADVISORIES
    };
}

/// A vendor's published knowledge of vulnerabilities.
pub trait Feed: Send + Sync {
    /// What is to be known of it before anything is fetched.
    fn about(&self) -> About;

    /// Its name: [`About::name`].
    fn name(&self) -> &'static str {
        self.about().name
    }

    /// The documents there are, in a stable order. May ask the network.
    ///
    /// # Errors
    ///
    /// When the root cannot be read, or has nothing that the feed knows.
    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError>;

    /// What the vendor has beside a document to tell whether it has changed, such as a checksum. It
    /// counts more than what the server says of the document.
    ///
    /// # Errors
    ///
    /// When it is there and cannot be read.
    fn stamp(&self, fetcher: &Fetcher, source: &Source) -> Result<Option<String>, FeedError> {
        let _ = (fetcher, source);
        Ok(None)
    }

    /// Fetches a source unless it is what `previous` was taken from.
    ///
    /// # Errors
    ///
    /// When it cannot be fetched.
    fn fetch(
        &self,
        fetcher: &Fetcher,
        source: &Source,
        previous: Option<&Fingerprint>,
    ) -> Result<Fetched, FeedError> {
        fetcher.fetch_source(source, previous)
    }

    /// Reads one document, record by record, and gives the date the vendor puts on it if it has
    /// one.
    ///
    /// # Errors
    ///
    /// When the document is not what it should be or ends early, a limit is passed, or the sink
    /// refuses. What the sink has taken by then is a part of the document only, to be discarded.
    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError>;
}

/// One document of a feed, with a fingerprint of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name, which begins with that of the feed: `debian`, `alpine/v3.18/main`.
    pub name: String,
    /// Where it may lie; the first place that has it counts.
    pub locations: Vec<Location>,
    /// The vendor's date of the data, where it is told outside of the document.
    pub date: Option<Timestamp>,
}

impl Source {
    /// A document of which no date is told elsewhere.
    pub(crate) fn new(name: impl Into<String>, locations: Vec<Location>) -> Self {
        Self {
            name: name.into(),
            locations,
            date: None,
        }
    }

    /// A document that is part of a feed: `alpine/v3.18/main`.
    pub(crate) fn part(feed: &str, label: &str, locations: Vec<Location>) -> Self {
        Self::new(format!("{feed}/{label}"), locations)
    }

    /// What its name has behind that of the feed, up to the next slash: `v3.18`.
    pub(crate) fn label(&self) -> Option<&str> {
        self.name.split('/').nth(1)
    }

    /// Hands an advisory of it to a sink.
    ///
    /// # Errors
    ///
    /// When the sink refuses.
    pub(crate) fn tell(&self, sink: &mut dyn Sink, advisory: Advisory) -> Result<(), FeedError> {
        self.stored(sink.advisory(advisory))
    }

    /// What came of handing something to a sink.
    ///
    /// # Errors
    ///
    /// When the sink has refused.
    pub(crate) fn stored(&self, taken: io::Result<()>) -> Result<(), FeedError> {
        taken.map_err(|error| FeedError::Sink {
            name: self.name.clone(),
            source: error,
        })
    }
}

/// What takes the findings of a feed.
pub trait Sink {
    /// Takes an advisory.
    ///
    /// # Errors
    ///
    /// When it cannot be stored. That ends the parsing.
    fn advisory(&mut self, advisory: Advisory) -> io::Result<()>;

    /// Takes an enrichment. Only feeds [of that kind](About::kind) have any, and they have no
    /// advisories.
    ///
    /// # Errors
    ///
    /// When it cannot be stored. That ends the parsing.
    fn enrichment(&mut self, enrichment: Enrichment) -> io::Result<()>;

    /// Is told of a record, or of a part of one, that was left out. `subject` names it for people
    /// and may come from the document: it is short and safe to print, and nothing more is known.
    fn skipped(&mut self, reason: Skip, subject: &str);
}

impl<S: Sink + ?Sized> Sink for &mut S {
    fn advisory(&mut self, advisory: Advisory) -> io::Result<()> {
        (**self).advisory(advisory)
    }

    fn enrichment(&mut self, enrichment: Enrichment) -> io::Result<()> {
        (**self).enrichment(enrichment)
    }

    fn skipped(&mut self, reason: Skip, subject: &str) {
        (**self).skipped(reason, subject);
    }
}

/// Why a record, or a part of one, was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Skip {
    /// The vendor withdrew it.
    Withdrawn,
    /// A notice that repeats what other records of the same document say.
    Notice,
    /// A record of another source.
    Foreign,
    /// It names no package.
    NoPackage,
    /// It names no versions.
    NoVersion,
    /// It has no usable identifier.
    BadId,
    /// A version is none in the scheme of its package.
    BadVersion,
    /// A status that we do not know.
    UnknownStatus,
    /// A release, or an ecosystem, that we do not know.
    UnknownRelease,
    /// It is not of the form that the format has.
    Malformed,
    /// It is larger than a record may be.
    TooLarge,
    /// The document has it a second time.
    Duplicate,
    /// It is built in a module, of which it does not name the stream.
    NoModule,
    /// Another feed reads it, which has the same document.
    OtherFeed,
    /// It refers to something that the document does not have.
    Dangling,
    /// It holds only under a condition that a package does not tell, such as that no live patch is
    /// installed, or that an update passes its tests.
    Conditional,
    /// It is about a product that no image is made of.
    OtherProduct,
    /// An update that fixes no vulnerability.
    NotSecurity,
    /// It has nothing of what the feed is read for.
    NothingAdded,
}

impl Skip {
    /// All reasons.
    pub const ALL: [Self; 19] = [
        Self::Withdrawn,
        Self::Notice,
        Self::Foreign,
        Self::NoPackage,
        Self::NoVersion,
        Self::BadId,
        Self::BadVersion,
        Self::UnknownStatus,
        Self::UnknownRelease,
        Self::Malformed,
        Self::TooLarge,
        Self::Duplicate,
        Self::NoModule,
        Self::OtherFeed,
        Self::Dangling,
        Self::Conditional,
        Self::OtherProduct,
        Self::NotSecurity,
        Self::NothingAdded,
    ];

    /// The reason as a word, for labels and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Notice => "notice",
            Self::Foreign => "foreign",
            Self::NoPackage => "no-package",
            Self::NoVersion => "no-version",
            Self::BadId => "bad-id",
            Self::BadVersion => "bad-version",
            Self::UnknownStatus => "unknown-status",
            Self::UnknownRelease => "unknown-release",
            Self::Malformed => "malformed",
            Self::TooLarge => "too-large",
            Self::Duplicate => "duplicate",
            Self::NoModule => "no-module",
            Self::OtherFeed => "other-feed",
            Self::Dangling => "dangling",
            Self::Conditional => "conditional",
            Self::OtherProduct => "other-product",
            Self::NotSecurity => "not-security",
            Self::NothingAdded => "nothing-added",
        }
    }

    /// Whether it says that the document has something wrong or new in it, in contrast to what is
    /// left out by design.
    pub const fn is_defect(self) -> bool {
        !matches!(
            self,
            Self::Withdrawn
                | Self::Notice
                | Self::OtherFeed
                | Self::Conditional
                | Self::OtherProduct
                | Self::NotSecurity
                | Self::NothingAdded
        )
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
