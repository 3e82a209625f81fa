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
use crate::{Document, Feed, FeedError, Fetcher, Location, Sink, Source, secdb};

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
        Source {
            name: match form {
                Some(form) => format!("{}/{form}", self.name()),
                None => self.name().to_owned(),
            },
            locations,
            date: None,
        }
    }
}

impl Feed for Chainguard {
    fn name(&self) -> &'static str {
        match self.0 {
            Distribution::Chainguard => "chainguard",
            Distribution::Wolfi => "wolfi",
        }
    }

    fn description(&self) -> &'static str {
        match self.0 {
            Distribution::Chainguard => "Chainguard's advisories about its own packages",
            Distribution::Wolfi => "Chainguard's advisories about the packages of Wolfi",
        }
    }

    fn upstream(&self) -> &'static str {
        "https://packages.cgr.dev/chainguard/v3/osv/"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        if root.is_document() {
            let parts = root.parts_from_end();
            let is_database = parts.first().is_some_and(|name| name.starts_with(DATABASE));
            return Ok(vec![
                self.source(vec![root.clone()], is_database.then_some(SECDB)),
            ]);
        }
        let archives: Vec<Location> = ARCHIVES.iter().map(|name| root.join(name)).collect();
        let database = root.candidates(DATABASE);
        if !fetcher.exists(&archives)? && fetcher.exists(&database)? {
            return Ok(vec![self.source(database, Some(SECDB))]);
        }
        let mut locations = archives;
        // A directory that has no archive may have the records themselves.
        locations.extend(matches!(root, Location::Path(_)).then(|| root.clone()));
        Ok(vec![self.source(locations, None)])
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
