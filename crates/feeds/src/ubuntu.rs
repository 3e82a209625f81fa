//! Ubuntu: Canonical's records in OSV form.
//!
//! What they mean is described in <https://documentation.ubuntu.com/security/security-updates/osv/>.
//! There is a record per CVE (`UBUNTU-CVE-…`), which lists the packages that are affected. Notices
//! of updates (`USN-…`, `LSN-…`) repeat their fixes, without severities, and are left out. A
//! package that is not affected is not listed, so there are no statements of that; and a package
//! without a fix may be about to get one or never, which only Canonical's VEX documents tell.

mod ecosystem;
mod record;

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use jiff::Timestamp;

pub(crate) use self::ecosystem::namespace;
use crate::osv::Record;
use crate::{Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source, archive, text};

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
    fn name(&self) -> &'static str {
        "ubuntu"
    }

    fn description(&self) -> &'static str {
        "Ubuntu security data of Canonical: every supported release, Ubuntu Pro included"
    }

    fn upstream(&self) -> &'static str {
        "https://security-metadata.canonical.com/osv/"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn sources(&self, _: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        let mut locations = Vec::new();
        if root.is_document() {
            locations.push(root.clone());
        } else {
            locations.extend(ARCHIVES.iter().map(|archive| root.join(archive)));
            // A directory that has none of them may have the records themselves.
            locations.extend(matches!(root, Location::Path(_)).then(|| root.clone()));
        }
        Ok(vec![Source {
            name: self.name().to_owned(),
            locations,
            date: None,
        }])
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let mut reader = Reader {
            source,
            sink,
            count: 0,
            seen: HashSet::new(),
            hash: RandomState::new(),
        };
        archive::for_each_record(source, document, &mut |name, content| match content {
            Ok(json) => reader.record(name, json),
            Err(skip) => {
                reader.sink.skipped(skip, name);
                Ok(())
            }
        })?;
        if reader.count == 0 {
            // Taken for true, it would say that Ubuntu has no vulnerabilities.
            let reason = "it has no records that can be read";
            return Err(FeedError::malformed(
                &source.name,
                document.location(),
                reason,
            ));
        }
        Ok(None)
    }
}

struct Reader<'s> {
    source: &'s Source,
    sink: &'s mut dyn Sink,
    /// How many records were of the form of one.
    count: u64,
    /// Hashes of the ids that were read.
    seen: HashSet<u64>,
    hash: RandomState,
}

impl Reader<'_> {
    fn record(&mut self, name: &str, json: &[u8]) -> Result<(), FeedError> {
        let Ok(record) = Record::parse(json) else {
            self.sink.skipped(Skip::Malformed, name);
            return Ok(());
        };
        self.count += 1;
        let id = text::line(&record.id);
        if let Err(skip) = self.is_wanted(&record) {
            self.sink.skipped(skip, &id);
            return Ok(());
        }
        let advisory = record::advisory(&record, &mut |skip, package| {
            self.sink
                .skipped(skip, &text::line(&format!("{id} {package}")));
        });
        let Some(advisory) = advisory else {
            return Ok(());
        };
        self.sink
            .advisory(advisory)
            .map_err(|error| FeedError::Sink {
                name: self.source.name.clone(),
                source: error,
            })
    }

    fn is_wanted(&mut self, record: &Record<'_>) -> Result<(), Skip> {
        let id = record.id.as_ref();
        if !text::is_id(id) {
            return Err(Skip::BadId);
        }
        if record::is_notice(id) {
            return Err(Skip::Notice);
        }
        if !id.starts_with(record::PREFIX) {
            return Err(Skip::Foreign);
        }
        if !self.seen.insert(self.hash.hash_one(id)) {
            return Err(Skip::Duplicate);
        }
        if record.is_withdrawn() {
            return Err(Skip::Withdrawn);
        }
        Ok(())
    }
}
