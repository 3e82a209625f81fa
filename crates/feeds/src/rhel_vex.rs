//! Red Hat: CSAF VEX documents, <https://redhatproductsecurity.github.io/security-data-guidelines/csaf-vex/>.
//!
//! One document per CVE, about all products of Red Hat: which packages are fixed, affected, under
//! investigation and not affected. The archive of all of them is named by a text beside it.
//!
//! What is said holds for a product, which has a CPE. That is the namespace; which namespaces the
//! packages of an image ask is for matching to know. Container images have names of their own, and
//! so namespaces.
//!
//! Packages of rpm and container images are read. Maven artefacts and others are left out as such.
//!
//! Both forms of the documents are read: the one that lists every package with each of its
//! architectures, and the one that speaks of sources,
//! <https://redhatproductsecurity.github.io/security-data-guidelines/vex-ga-details/>.

mod builds;
mod changes;
mod csaf;
mod product;
mod statements;

use std::collections::HashSet;
use std::io::Read;

use clair_model::Severity;
use jiff::Timestamp;

use self::changes::Changes;
use crate::{
    About, Document, Feed, FeedError, Fetched, Fetcher, Fingerprint, Location, Sink, Skip, Source,
    archive, catalog, repository, text,
};

/// The feed.
pub(crate) struct RhelVex;

/// Documents about what is in very many products are larger than what other vendors publish. One of
/// them is in memory at a time, and its texts are borrowed from its bytes.
const LARGER: u64 = 4;

/// The text that names the archive.
const LATEST: &str = "archive_latest.txt";

impl Feed for RhelVex {
    fn about(&self) -> About {
        About {
            name: "rhel-vex",
            description: "Red Hat VEX: what is fixed, affected and not affected in its products",
            upstream: "https://security.access.redhat.com/data/csaf/v2/vex-feed/",
            revision: 3,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        let latest = if root.is_document() {
            None
        } else {
            latest(fetcher, root)?
        };
        let locations = catalog::archive(root, latest.as_deref().as_slice());
        if locations.is_empty() {
            let reason = format!("it has no {LATEST}");
            return Err(FeedError::malformed(self.name(), &root.to_string(), reason));
        }
        Ok(vec![Source::new(self.name(), locations)])
    }

    fn fetch(
        &self,
        fetcher: &Fetcher,
        source: &Source,
        previous: Option<&Fingerprint>,
    ) -> Result<Fetched, FeedError> {
        changes::fetch(&fetcher.for_records_of(LARGER), source, previous)
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let mut reading = Reading {
            source,
            sink,
            count: 0,
            unreadable: None,
        };
        let changes = document.take_beside::<Changes>();
        let mut newer = HashSet::new();
        if let Some(changes) = &changes {
            newer = changes.for_each(&mut |name, document| reading.newer(name, document))?;
        }
        archive::for_each_record(source, document, &mut |name, content| {
            let is_replaced = changes.as_ref().is_some_and(|changes| {
                let name = changes::name_of(name);
                name.is_some_and(|name| newer.contains(&name) || changes.is_deleted(&name))
            });
            if is_replaced {
                return Ok(());
            }
            reading.document(name, content).map(drop)
        })?;
        if reading.count == 0 {
            // Taken for true, it would say that Red Hat has no vulnerabilities.
            let mut reason = "it has no documents that can be read".to_owned();
            if let Some(name) = reading.unreadable {
                reason = format!("{reason}; the first that cannot is {name}");
            }
            return Err(FeedError::malformed(
                &source.name,
                document.location(),
                &reason,
            ));
        }
        Ok(None)
    }
}

/// What documents are read into.
struct Reading<'r> {
    source: &'r Source,
    sink: &'r mut dyn Sink,
    count: u64,
    /// The first of those that are no documents.
    unreadable: Option<String>,
}

impl Reading<'_> {
    /// Reads a document that is newer than the archive. Gives whether it could be read.
    fn newer(&mut self, name: &str, mut document: Document) -> Result<bool, FeedError> {
        let source = Source::new(self.source.name.clone(), Vec::new());
        let mut is_read = false;
        let read = archive::for_each_record(&source, &mut document, &mut |_, content| {
            is_read |= self.document(name, content)?;
            Ok(())
        });
        match read {
            Err(error @ FeedError::Sink { .. }) => Err(error),
            Err(error) => {
                tracing::warn!(name, %error, "a document is as it was in the archive");
                Ok(false)
            }
            Ok(()) => Ok(is_read),
        }
    }

    fn document(&mut self, name: &str, content: Result<&[u8], Skip>) -> Result<bool, FeedError> {
        let json = match content {
            Ok(json) => json,
            Err(reason) => {
                self.sink.skipped(reason, name);
                return Ok(false);
            }
        };
        let Ok(csaf) = csaf::Csaf::parse(json) else {
            self.sink.skipped(Skip::Malformed, name);
            self.unreadable.get_or_insert_with(|| text::line(name));
            return Ok(false);
        };
        self.count += 1;
        let advisories = statements::advisories(&csaf, &mut |reason, about| {
            self.sink.skipped(reason, &text::line(about));
        });
        for advisory in advisories {
            self.source.tell(self.sink, advisory)?;
        }
        Ok(true)
    }
}

/// The name of the newest archive, if one is named.
fn latest(fetcher: &Fetcher, root: &Location) -> Result<Option<String>, FeedError> {
    let place = root.join(LATEST);
    let document = match fetcher.fetch(&place, None) {
        Ok(Fetched::New { document, .. }) => document,
        Ok(Fetched::Unchanged) | Err(FeedError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut name = String::new();
    document
        .take(1024)
        .read_to_string(&mut name)
        .map_err(|error| FeedError::from_read("rhel-vex", &place.to_string(), error))?;
    let name = name.trim();
    let is_name = text::is_name(name) && !name.contains('/');
    Ok(is_name.then(|| name.to_owned()))
}

/// The severity that a threat of the category `impact` means.
fn severity(word: &str) -> Severity {
    repository::severity(word)
}
