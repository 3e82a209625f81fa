//! Chainguard and Wolfi: Chainguard's records in OSV form, or its older security databases.
//!
//! How they are meant is described in <https://github.com/chainguard-dev/vulnerability-scanner-support>.
//! One feed of OSV records serves both distributions, with entries for each. The security databases
//! in Alpine's form know no vulnerability without a fix; they are deprecated, and end with 2026
//! (<https://www.chainguard.dev/unchained/secdb-is-the-past-osv-is-the-future>). They are read where
//! a root has no OSV records.

mod record;

use clair_model::Namespace;
use jiff::Timestamp;

use self::record::Entries;
use crate::osv::export;
use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Source, catalog, secdb};

/// The feed of one of the two distributions.
pub(crate) struct Chainguard(Distribution);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Distribution {
    Chainguard,
    Wolfi,
}

/// The archive of all records.
const ARCHIVE: &str = "chainguard-osv.tar.gz";

/// Other names that such an archive may have on a mirror.
const ARCHIVES: [&str; 6] = [
    ARCHIVE,
    "chainguard-osv.tar",
    "chainguard-osv.tar.zst",
    "chainguard-osv.tar.xz",
    "chainguard-osv.tar.bz2",
    "all.zip",
];

/// The security database, and what tells its source from that of the records.
const DATABASE: &str = "security.json";
const SECDB: &str = "secdb";

impl Chainguard {
    pub(crate) const CHAINGUARD: Self = Self(Distribution::Chainguard);
    pub(crate) const WOLFI: Self = Self(Distribution::Wolfi);

    fn source(&self, locations: Vec<Location>, form: Option<&str>) -> Source {
        match form {
            Some(form) => Source::part(self.name(), form, locations),
            None => Source::new(self.name(), locations),
        }
    }
}

impl Feed for Chainguard {
    fn about(&self) -> About {
        let (name, description) = match self.0 {
            Distribution::Chainguard => (
                "chainguard",
                "Chainguard's advisories about its own packages",
            ),
            Distribution::Wolfi => (
                "wolfi",
                "Chainguard's advisories about the packages of Wolfi",
            ),
        };
        About {
            name,
            description,
            upstream: "https://packages.cgr.dev/chainguard/v3/osv/",
            revision: 1,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        if root.is_document() {
            let parts = root.parts_from_end();
            let is_database = parts.first().is_some_and(|name| name.starts_with(DATABASE));
            return Ok(vec![
                self.source(vec![root.clone()], is_database.then_some(SECDB)),
            ]);
        }
        let archives = catalog::archive(root, &ARCHIVES);
        let database = root.candidates(DATABASE);
        if !fetcher.exists(&archives)? && fetcher.exists(&database)? {
            return Ok(vec![self.source(database, Some(SECDB))]);
        }
        Ok(vec![self.source(archives, None)])
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        if source.name.ends_with(SECDB) {
            return secdb::read(source, document, sink, self).map(|()| None);
        }
        let (ecosystem, other) = match self.0 {
            Distribution::Chainguard => ("Chainguard", "Wolfi"),
            Distribution::Wolfi => ("Wolfi", "Chainguard"),
        };
        let entries = Entries {
            ecosystem,
            other,
            namespace: Namespace::rolling(self.name()),
        };
        export::read(source, document, sink, &entries)
    }
}

impl secdb::Publisher for Chainguard {
    fn tracker(&self) -> Option<&'static str> {
        None
    }

    /// Neither of them has releases.
    fn namespace(&self, _: Option<&str>) -> Result<Namespace, String> {
        Ok(Namespace::rolling(self.name()))
    }
}
