//! Ubuntu: Canonical's records in OSV form.
//!
//! What they mean is described in <https://documentation.ubuntu.com/security/security-updates/osv/>.
//! There is a record per CVE (`UBUNTU-CVE-…`), which lists the packages that are affected. Notices
//! of updates (`USN-…`, `LSN-…`) repeat their fixes, without severities, and are left out. A
//! package that is not affected is not listed, so there are no statements of that; and a package
//! without a fix may be about to get one or never, which only Canonical's VEX documents tell.

mod ecosystem;
mod record;

use clair_model::Advisory;
use jiff::Timestamp;

pub(crate) use self::ecosystem::namespace;
use crate::osv::Record;
use crate::osv::export::{self, Reading};
use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source, catalog};

/// The feed.
pub(crate) struct Ubuntu;

/// Under which names an archive of all records may lie: as Canonical has it, and as OSV.dev does.
const ARCHIVES: [&str; 6] = [
    "osv-all.tar.xz",
    "osv-all.tar",
    "osv-all.tar.gz",
    "osv-all.tar.zst",
    "osv-all.tar.bz2",
    "all.zip",
];

impl Feed for Ubuntu {
    fn about(&self) -> About {
        About {
            name: "ubuntu",
            description: "Ubuntu security data of Canonical: every supported release, Ubuntu Pro included",
            upstream: "https://security-metadata.canonical.com/osv/",
            revision: 1,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, _: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        let locations = catalog::archive(root, &ARCHIVES);
        Ok(vec![Source::new(self.name(), locations)])
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        // When the archive was made, which its server tells, is the better date.
        export::read(source, document, sink, self).map(|_| None)
    }
}

impl Reading for Ubuntu {
    fn is_wanted(&self, record: &Record<'_>) -> Result<(), Skip> {
        if record::is_notice(&record.id) {
            return Err(Skip::Notice);
        }
        if !record.id.starts_with(record::PREFIX) {
            return Err(Skip::Foreign);
        }
        Ok(())
    }

    fn advisories(&self, record: &Record<'_>, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Advisory> {
        record::advisory(record, skip).into_iter().collect()
    }
}
