//! Fedora: the updates, <https://docs.fedoraproject.org/en-US/fesco/Updates_Policy/>.
//!
//! The repository of updates of each release has a list of them in the form of other distributions
//! of rpm packages (`updateinfo`), which Bodhi writes, <https://bodhi.fedoraproject.org>. A page of
//! Bodhi's own interface (`/updates/?type=security&status=stable`) says the same of the sources
//! that the packages are built from, and is read as well: releases that are no longer supported
//! have no repository there any more. Bugs name the CVEs, or the notes of the packager do; some
//! updates are for security without naming any, and keep their own names.
//!
//! The list of one architecture lists the packages of that one only. An update is built for all
//! of them, so what it says is taken for true of all.

mod bodhi;

use clair_model::{Namespace, Severity};
use jiff::Timestamp;

use crate::updateinfo::{self, Vendor};
use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Source, repository};

/// The feed.
pub(crate) struct Fedora;

/// Where the repository of a release lies below it.
const REPOSITORY: &str = "Everything/x86_64";

/// As many first bytes as it takes to tell JSON from XML.
const BEGINNING: u64 = 64;

/// The documents of a release that a mirror of ours may have instead of a repository.
const LISTS: [&str; 2] = ["updateinfo.xml", "updates.json"];

impl Feed for Fedora {
    fn about(&self) -> About {
        About {
            name: "fedora",
            description: "Fedora updates: what is fixed in every supported release",
            upstream: "https://dl.fedoraproject.org/pub/fedora/linux/updates/",
            revision: 1,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        if root.is_document() {
            let parts = root.parts_from_end();
            let release = parts.get(1).and_then(|name| release(name));
            let places = vec![root.clone()];
            return Ok(vec![match release {
                Some(release) => Source::part(self.name(), release, places),
                None => Source::new(self.name(), places),
            }]);
        }
        let names = fetcher.list(root)?.unwrap_or_default();
        let mut sources = Vec::new();
        for name in &names {
            let Some(release) = release(name.trim_end_matches('/')) else {
                continue;
            };
            let locations = self.lists(fetcher, &root.join(release))?;
            if !locations.is_empty() {
                sources.push(Source::part(self.name(), release, locations));
            }
        }
        if sources.is_empty() {
            let location = root.to_string();
            let reason = "it has no releases";
            return Err(FeedError::malformed(self.name(), &location, reason));
        }
        Ok(sources)
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let location = document.location().to_owned();
        let start = document
            .start(BEGINNING)
            .map_err(|error| FeedError::from_read(&source.name, &location, error))?;
        if start.trim_ascii_start().starts_with(b"{") {
            return bodhi::read(source, document, sink).map(|()| None);
        }
        let name = source.label().unwrap_or_default();
        let Some(release) = release(name) else {
            let reason = "its place does not tell the release, as 41/updateinfo.xml does";
            return Err(FeedError::malformed(&source.name, &location, reason));
        };
        updateinfo::read(source, document, sink, &Release(release)).map(|()| None)
    }
}

impl Fedora {
    /// Where the list of a release may lie.
    fn lists(&self, fetcher: &Fetcher, directory: &Location) -> Result<Vec<Location>, FeedError> {
        let repository = directory.join(REPOSITORY);
        match repository::updateinfo(self.name(), fetcher, &repository) {
            Ok(list) => return Ok(Vec::from_iter(list)),
            Err(FeedError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        for list in LISTS {
            let candidates = directory.candidates(list);
            if fetcher.exists(&candidates)? {
                return Ok(candidates);
            }
        }
        Ok(Vec::new())
    }
}

/// The number of a release, by the name of its directory. There are others beside them, such as
/// that of updates in testing.
fn release(name: &str) -> Option<&str> {
    let is_number = (1..=3).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some(name)
}

struct Release<'a>(&'a str);

impl Vendor for Release<'_> {
    fn namespace(&self) -> Namespace {
        Namespace::release("fedora", self.0)
    }

    fn severity(&self, word: &str) -> Severity {
        repository::severity(word)
    }

    fn arches(&self, _: Vec<String>) -> Option<Vec<String>> {
        Some(Vec::new())
    }

    fn names_in_description(&self) -> bool {
        true
    }
}
