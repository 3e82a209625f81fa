//! openEuler: the notices of its updates in OSV form, <https://repo.openeuler.org/security/data/osv/>,
//! which OSV.dev publishes in one archive. Its older notices in CVRF form,
//! <https://repo.openeuler.org/security/data/cvrf/>, are thousands of documents there, and are read
//! from an archive or a directory of them.
//!
//! A notice is about one source package in one release or several, each a service pack of its own.
//! Its versions come without epochs: a package that has one is taken for newer than it is.

mod cvrf;

use jiff::Timestamp;

use crate::archive::{self, Format};
use crate::osv::export;
use crate::osv::vendor::{Ecosystem, Records};
use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Source};

/// The feed.
pub(crate) struct OpenEuler;

/// The notices in OSV form.
const NOTICES: Ecosystem = Ecosystem {
    name: "openEuler",
    records: Records::Notices,
    pages: None,
};

/// What tells the source of notices in CVRF form, and begins the names of such.
const CVRF: &str = "cvrf";

/// Names that an archive of them may have on a mirror.
const CVRF_ARCHIVES: [&str; 4] = ["cvrf.zip", "cvrf.tar.gz", "cvrf.tar.zst", "cvrf.tar"];

impl Feed for OpenEuler {
    fn about(&self) -> About {
        About {
            name: "openeuler",
            description: "openEuler security notices: what is fixed in every service pack",
            upstream: "https://osv-vulnerabilities.storage.googleapis.com/openEuler/",
            revision: 1,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        let records = export::source(self.name(), root);
        if root.is_document() {
            let parts = root.parts_from_end();
            let is_cvrf = parts.first().is_some_and(|name| name.starts_with(CVRF));
            return Ok(vec![if is_cvrf {
                self.cvrf(vec![root.clone()])
            } else {
                records
            }]);
        }
        let mut older: Vec<Location> = CVRF_ARCHIVES.iter().map(|name| root.join(name)).collect();
        let directory = root.join(&format!("{CVRF}/"));
        let is_laid_out = matches!(&directory, Location::Path(path) if path.is_dir());
        if is_laid_out || fetcher.exists(&older)? {
            older.extend(is_laid_out.then_some(directory));
            return Ok(vec![self.cvrf(older)]);
        }
        Ok(vec![records])
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        if !source.name.ends_with(CVRF) {
            return export::read(source, document, sink, &NOTICES);
        }
        let limits = document.meter().limits();
        let notices = (Format::Xml, "notices");
        archive::read_records(source, document, sink, notices, &mut |name, xml, sink| {
            Ok(cvrf::read(source, name, xml, limits, sink)?)
        })?;
        Ok(None)
    }
}

impl OpenEuler {
    fn cvrf(&self, locations: Vec<Location>) -> Source {
        Source::part(self.name(), CVRF, locations)
    }
}
