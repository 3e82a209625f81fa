//! Feeds of what one vendor publishes about its own ecosystem.

use clair_model::Affected;
use jiff::Timestamp;

use super::publisher::{self, Publisher};
use super::{Record, export};
use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source};

/// The records of one ecosystem, which is in the table of ecosystems.
pub(crate) struct Ecosystem {
    /// Its name, without a release.
    pub(crate) name: &'static str,
    pub(crate) records: Records,
    /// What the address of the page about a record begins with, where its references do not have it.
    /// Its name follows.
    pub(crate) pages: Option<&'static str>,
}

/// What a record is.
pub(crate) enum Records {
    /// A vulnerability.
    Vulnerabilities,
    /// A notice of an update that fixes several vulnerabilities.
    Notices,
    /// The same, or any other update. The title tells severity and module, as Red Hat's does; the names
    /// of those that are for security begin with one of these.
    Updates(&'static [&'static str]),
}

/// The feed of an archive of such records.
pub(crate) struct EcosystemFeed {
    pub(crate) about: About,
    pub(crate) ecosystem: Ecosystem,
}

impl Feed for EcosystemFeed {
    fn about(&self) -> About {
        self.about
    }

    fn sources(&self, _: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        Ok(vec![export::source(self.name(), root)])
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        export::read(source, document, sink, &self.ecosystem)
    }
}

impl Publisher for Ecosystem {
    fn vulnerabilities(&self, record: &Record<'_>) -> Vec<String> {
        match self.records {
            Records::Vulnerabilities => publisher::one_vulnerability(record),
            Records::Notices | Records::Updates(_) => publisher::fixed_vulnerabilities(record),
        }
    }

    fn statements(&self, record: &Record<'_>, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Affected> {
        let stream = match self.records {
            Records::Updates(_) => publisher::stream(record.summary()),
            Records::Vulnerabilities | Records::Notices => None,
        };
        publisher::statements(record, Some(self.name), stream, skip)
    }

    fn is_wanted(&self, record: &Record<'_>) -> Result<(), Skip> {
        match self.records {
            Records::Updates(security) => publisher::is_security_update(record, security),
            Records::Vulnerabilities | Records::Notices => Ok(()),
        }
    }

    fn severity(&self, record: &Record<'_>) -> String {
        match self.records {
            Records::Updates(_) => publisher::severity_of_update(record.summary()),
            Records::Vulnerabilities | Records::Notices => record.severity_word(),
        }
    }

    fn link(&self, record: &Record<'_>) -> Option<String> {
        self.pages.map(|pages| format!("{pages}{}", record.id))
    }
}
